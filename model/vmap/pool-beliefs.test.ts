import { describe, expect, test } from "vitest";
import { judge } from "../../spec/contract.ts";
import type { Alloc, Command, Response } from "../../spec/vmap/commands.ts";
import { LAWS } from "../../spec/vmap/laws/index.ts";
import { hasPools, nodeAsked } from "../../spec/vmap/laws/law.ts";
import { releaseOf } from "../../spec/vmap/releases.ts";
import { AREAS_ONLY, type Scope } from "../../spec/vmap/scope.ts";
import { PAGE_SIZE, type Pages, type Vpn } from "../../spec/vmap/vocabulary.ts";
import { done, flush, type Pair, quiet } from "./pairs.testing.ts";
import { vmapSpec } from "./vmap-spec.ts";
import type { ImmutableWorld } from "./world.ts";

/** Two nodes, and eight pages: `A` to `H` are areas, small letters what pools may hold. */
const SCOPE: Scope = {
  ...AREAS_ONLY,
  name: "pools",
  wordPages: 256,
  cpus: 2,
  lazyMaxPages: null,
  vmalloc: { vstart: 64, vend: 72 },
  sizes: [],
  aligns: [],
  windows: [],
};

type Asked = Partial<Alloc>;
const asked = (size: Pages, more: Asked = {}): Alloc => {
  return { op: "alloc", size, align: PAGE_SIZE, ...SCOPE.vmalloc, map: false, ...more };
};
const placed = (start: Vpn, more: object = {}) =>
  ({ ...quiet, ...more, kind: "placed", start, mapStopped: false }) as Response;
const refused = { ...quiet, kind: "refused" } as Response;
const alloc = (start: Vpn, size: Pages, more: Asked = {}): Pair => [asked(size, more), placed(start)];
const free = (start: Vpn): Pair => [{ op: "free", start }, done()];
/** A purge that does not empty the pools. */
const sweep = (...extents: [Vpn, Vpn][]): Pair => [{ op: "unmapAliases" }, done(flush(...extents))];
const purge: Pair = [{ op: "purge" }, done()];

function worldAfter(label: string, pairs: readonly Pair[], scope = SCOPE): ImmutableWorld {
  const spec = vmapSpec(releaseOf(label));
  return pairs.reduce(
    (world, [command, response]) => spec.after(world, command, response) as ImmutableWorld,
    spec.initial(scope),
  );
}

/** What is pooled: where, of which node; with a question mark if perhaps. */
const pooled = (world: ImmutableWorld) =>
  world.pooled.map(({ start, end, node, sure }) => `${start}-${end} of ${node}${sure ? "" : "?"}`);

function violated(world: ImmutableWorld, command: Command, response: Response): string[] {
  const verdict = judge(vmapSpec(world.promises), LAWS, world, command, response);
  const promised = verdict.accepted ? [] : verdict.violated;
  return promised.map(({ id }) => id).filter((id) => world.promises.laws.includes(id));
}

/** aaB.....: page 64 and 65 in the pool of CPU 1. */
const POOLED: readonly Pair[] = [alloc(64, 2, { cpu: 1 }), alloc(66, 1), free(64), sweep([64, 66])];

describe("there are pools", () => {
  test.each([
    ["6.12", 2, true],
    ["6.19", 3, true],
    ["6.19", 1, false],
    ["6.12", 1, false],
    ["6.8", 2, false],
    ["5.17", 1, false],
  ])("There are pools on %s with %d CPUs: %s", (label, cpus, are) => {
    expect(hasPools(worldAfter(label, [], { ...SCOPE, cpus }))).toBe(are);
  });

  test("There are pools if more than one CPU is possible, whatever their numbers", () => {
    const scope = { ...SCOPE, cpus: 3, absentCpus: [1, 2] };
    expect(hasPools(worldAfter("6.19", [], scope))).toBe(false);
    expect(hasPools(worldAfter("6.19", [], { ...scope, absentCpus: [1] }))).toBe(true);
  });

  test.each([
    [{}, 0],
    [{ cpu: 1 }, 1],
    [{ cpu: 2 }, 2],
    [{ cpu: 1, vend: 71 }, undefined],
    [{ cpu: 1, vstart: 65 }, undefined],
  ])("%j searches first the pools of node %s", (more, node) => {
    const world = worldAfter("6.19", [], { ...SCOPE, cpus: 3 });
    expect(nodeAsked(world, asked(1, more))).toBe(node);
    expect(nodeAsked(worldAfter("6.8", [], { ...SCOPE, cpus: 3 }), asked(1, more))).toBeUndefined();
  });
});

describe("pools may hold", () => {
  test("Pools may hold what a purge released of the areas asked for in the vmalloc window", () => {
    expect(pooled(worldAfter("6.19", POOLED))).toEqual(["64-66 of 1"]);
  });

  test.each([
    ["in another window", SCOPE, { vend: 71 }],
    ["on one CPU", { ...SCOPE, cpus: 1 }, {}],
  ])("Pools may hold nothing asked for %s", (_where, scope, more) => {
    const pairs = [alloc(64, 2, { ...more, cpu: 0 }), free(64), sweep([64, 66])];
    expect(pooled(worldAfter("6.19", pairs, scope))).toEqual([]);
  });

  test("Pools may hold nothing before 6.9", () => {
    expect(pooled(worldAfter("6.5", POOLED))).toEqual([]);
  });

  test("Pools may hold nothing after a purge that empties them, nor after a refusal", () => {
    expect(pooled(worldAfter("6.19", [...POOLED, purge]))).toEqual([]);
    expect(pooled(worldAfter("6.19", [...POOLED, [asked(8), refused]]))).toEqual([]);
  });

  test("Pools may still hold all of it after a refusal to a caller that cannot wait", () => {
    const world = worldAfter("6.19", [...POOLED, [asked(8, { noblock: true }), refused]]);
    expect(pooled(world)).toEqual(["64-66 of 1"]);
  });

  test("Pools may not hold what was given out again", () => {
    expect(pooled(worldAfter("6.19", [...POOLED, alloc(64, 2, { cpu: 1 })]))).toEqual([]);
  });

  test("Pools may hold nothing once another caller got what lay in one", () => {
    const others = [alloc(67, 1, { cpu: 1 }), free(67), sweep([67, 68])];
    expect(pooled(worldAfter("6.19", [...POOLED, ...others, alloc(64, 1)]))).toEqual([]);
  });

  test("Pools hold the rest only perhaps, once a search that only tight holes could serve may have failed", () => {
    // aaBBBB.C: a page aligned to two may be found on the way of a search, or after the pools were emptied
    const full = [alloc(66, 4), alloc(71, 1, { vend: 73 })];
    const tight: Pair = [asked(1, { align: 2 * PAGE_SIZE }), placed(70)];
    const pairs = [alloc(64, 2, { cpu: 1 }), ...full, free(64), sweep([64, 66])];
    expect(pooled(worldAfter("6.19", [...pairs, tight]))).toEqual(["64-66 of 1?"]);
    expect(pooled(worldAfter("6.19", [...pairs, tight, sweep()]))).toEqual(["64-66 of 1?"]);
  });

  test("Pools hold what is added to uncertain extents only perhaps: the order in which it is given out is unknown", () => {
    const pairs = [
      alloc(64, 2, { cpu: 1 }),
      alloc(66, 4),
      alloc(71, 1, { vend: 73 }),
      free(64),
      sweep([64, 66]),
    ];
    const doubt: Pair = [asked(1, { align: 2 * PAGE_SIZE }), placed(70)];
    const more = [alloc(72, 2, { cpu: 1 }), free(72), sweep([72, 74])];
    expect(pooled(worldAfter("6.19", [...pairs, doubt, ...more]))).toEqual(["72-74 of 1?", "64-66 of 1?"]);
  });

  test.each([
    ["6.12", 3, []],
    ["6.19", 3, ["66", "65", "64"]],
    ["6.12", 4, ["66", "65", "64"]],
    ["6.19", 4, ["66", "65", "64"]],
  ])("On %s pools may hold what a purge leaves of %i", (label, count, left) => {
    const starts = Array.from({ length: count }, (_none, nth) => 64 + nth);
    const pairs = [...starts.map((start) => alloc(start, 1)), ...starts.map(free)];
    const twice = worldAfter(label, [...pairs, sweep([64, 64 + count]), sweep()]);
    expect(twice.pooled.map(({ start }) => String(start))).toEqual(left);
  });

  test("Pools hold their first extent at the end after a request whose alignment it did not meet", () => {
    const pairs = [alloc(64, 1), alloc(65, 1), free(64), free(65), sweep([64, 66])];
    const world = worldAfter("6.19", [...pairs, alloc(66, 1, { align: 2 * PAGE_SIZE })]);
    expect(pooled(world)).toEqual(["64-65 of 0", "65-66 of 0"]);
  });
});

describe("with aaB..... on two CPUs", () => {
  const world = worldAfter("6.19", POOLED);

  test("With aaB..... on two CPUs an area may be placed at 67, or where the CPU's own pool had one of its size", () => {
    expect(violated(world, asked(2), placed(67))).toEqual([]);
    expect(violated(world, asked(2, { cpu: 1 }), placed(64))).toEqual([]);
  });

  test("With aaB..... on two CPUs an area may be placed no higher than 67", () => {
    expect(violated(world, asked(2), placed(68))).toEqual(["lowest-fit-at-a-page", "lowest-roomy-hole"]);
    expect(violated(world, asked(2, { cpu: 1 }), placed(68))).toContain("lowest-roomy-hole");
  });

  test("With aaB..... on two CPUs a pool of another node, or of another size, is no excuse", () => {
    // BBaa....: the pool of CPU 1 has 66 and 67, and 64 and 65 are free
    const above = worldAfter("6.19", [
      alloc(64, 2, { vend: 71 }),
      alloc(66, 2, { cpu: 1 }),
      free(66),
      sweep([66, 68]),
      free(64),
      [{ op: "unmapAliases" }, done(flush([64, 66]))],
    ]);
    expect(pooled(above)).toEqual(["66-68 of 1"]);
    expect(violated(above, asked(2, { cpu: 1 }), placed(66))).toEqual([]);
    expect(violated(above, asked(2), placed(66))).toContain("lowest-fit-at-a-page");
    expect(violated(above, asked(1, { cpu: 1 }), placed(66))).toContain("lowest-fit-at-a-page");
  });

  test("With aaB..... on two CPUs a refusal of five pages to a caller that cannot wait is right only if they fit nowhere else", () => {
    expect(violated(world, asked(6, { noblock: true }), refused)).toEqual([]);
    expect(violated(world, asked(5, { noblock: true }), refused)).toEqual(["refused-only-when-full"]);
    expect(violated(worldAfter("6.19", [...POOLED, free(66)]), asked(8), refused)).toEqual([
      "refused-only-when-full",
    ]);
  });

  test("With aaB..... on two CPUs an allocation purges only for more than the five pages that are free beside the pools", () => {
    const lazy = worldAfter("6.19", [...POOLED, free(66)]);
    expect(violated(lazy, asked(6), placed(64, flush([66, 67])))).toEqual([]);
    expect(violated(lazy, asked(5), placed(64, flush([66, 67])))).toEqual(["purge-only-when-full"]);
  });
});
