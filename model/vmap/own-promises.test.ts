/** How the world follows an allocator that is not a release of Linux: what a free releases, and what a flush does. */
import { describe, expect, test } from "vitest";
import type { Command, Response } from "../../spec/vmap/commands.ts";
import { LAWS } from "../../spec/vmap/laws/index.ts";
import { type OwnPromises, promisesOfOwn } from "../../spec/vmap/own-promises.ts";
import { AREAS_ONLY, type Scope } from "../../spec/vmap/scope.ts";
import type { Extent } from "../../spec/vmap/vocabulary.ts";
import { vmapSpec } from "./vmap-spec.ts";

const SCOPE: Scope = {
  ...AREAS_ONLY,
  name: "own",
  wordPages: 64,
  cpus: 1,
  lazyMaxPages: null,
  sizes: [],
  aligns: [],
  windows: [],
};
const NO_GUARD = { inside: 0, afterArea: 0, beforeNext: 0 };
const PLAIN: OwnPromises = { guard: NO_GUARD, placement: "none", blocks: "no blocks" };

const alloc = (size: number): Command => ({
  op: "alloc",
  size,
  align: 4096,
  vstart: 8,
  vend: 40,
  map: false,
});
const placed = (start: number): Response => ({ kind: "placed", start, mapStopped: false, ...done() });
const done = (...flushes: Extent[]) => ({ flushes, pteSet: 0, pteCleared: 0 });
const freed = (...flushes: Extent[]): Response => ({ kind: "done", ...done(...flushes) });
const free = (start: number): Command => ({ op: "free", start });

/** Two areas side by side, both freed: the first without a flush, the second with these. */
const twoFreed = (...flushes: Extent[]): [Command, Response][] => [
  [alloc(2), placed(8)],
  [alloc(2), placed(10)],
  [free(8), freed()],
  [free(10), freed(...flushes)],
];

function areasAfter(own: OwnPromises, pairs: readonly [Command, Response][]) {
  const spec = vmapSpec(promisesOfOwn("own", own));
  let world = spec.initial(SCOPE);
  for (const [command, response] of pairs) world = spec.after(world, command, response) ?? world;
  const areas = world.areasIn({ start: 0, end: 64 }).map(({ start, end, life }) => `${start}-${end} ${life}`);
  return { areas, lazy: world.lazyPages, unflushed: world.releasedUnflushed };
}

describe("an allocator", () => {
  test("An allocator that frees eagerly has released an area when the free returns, flushed or not", () => {
    const after = areasAfter({ ...PLAIN, frees: "eager" }, twoFreed({ start: 10, end: 12 }));
    expect(after).toEqual({ areas: [], lazy: 0, unflushed: 2 });
  });

  test("A flush of an allocator that frees lazily releases all lazy areas, covered or not", () => {
    const own: OwnPromises = { ...PLAIN, frees: "lazy" };
    expect(areasAfter(own, twoFreed())).toEqual({
      areas: ["8-10 lazy", "10-12 lazy"],
      lazy: 4,
      unflushed: 0,
    });
    expect(areasAfter(own, twoFreed({ start: 10, end: 12 }))).toEqual({ areas: [], lazy: 0, unflushed: 2 });
  });

  test("An allocator that does not say how it frees releases what its flushes cover, and no more", () => {
    const after = areasAfter(PLAIN, twoFreed({ start: 10, end: 12 }));
    expect(after).toEqual({ areas: ["8-10 lazy"], lazy: 2, unflushed: 0 });
  });
});

test("The laws of own promises are laws of the list", () => {
  const known = LAWS.map(({ id }) => id);
  for (const frees of ["eager", "lazy", undefined] as const) {
    for (const placement of ["none", "lowest-fit", "lowest-fit-at-a-page", "lowest-roomy-hole"] as const) {
      const { laws } = promisesOfOwn("own", { ...PLAIN, frees, placement });
      expect(known).toEqual(expect.arrayContaining([...laws]));
      expect(laws.includes("purge-only-when-full")).toBe(frees === "lazy");
    }
  }
});
