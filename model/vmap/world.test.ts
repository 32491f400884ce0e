import { isDeepStrictEqual } from "node:util";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { quickly } from "../../engine/bounds.testing.ts";
import type { Alloc, Command, Response } from "../../spec/vmap/commands.ts";
import { RELEASES, releaseOf } from "../../spec/vmap/releases.ts";
import { AREAS_ONLY, type Scope } from "../../spec/vmap/scope.ts";
import { type Extent, overlaps, PAGE_SIZE, type Pages, type Vpn } from "../../spec/vmap/vocabulary.ts";
import { after as follow } from "./after.ts";
import type { Area } from "./area.ts";
import { ImmutableWorld } from "./world.ts";

const SCOPE: Scope = {
  ...AREAS_ONLY,
  name: "small",
  wordPages: 64,
  cpus: 2,
  lazyMaxPages: null,
  sizes: [],
  aligns: [],
  windows: [],
};

type Pair = readonly [Command, Response];

const quiet = { flushes: [], pteSet: 0, pteCleared: 0 } as const;
const done = { ...quiet, kind: "done" } as const;

function alloc(size: Pages, fields: Partial<Alloc> = {}): Alloc {
  return { op: "alloc", size, align: PAGE_SIZE, vstart: 0, vend: 40, map: false, ...fields };
}

function placed(start: Vpn, size: Pages, mapped = false): Pair {
  const reply = { ...quiet, pteSet: mapped ? size : 0 };
  return [alloc(size, { map: mapped }), { ...reply, kind: "placed", start, mapStopped: false }];
}

const freed = (start: Vpn): Pair => [{ op: "free", start }, done];

function purged(...flushes: readonly Extent[]): Pair {
  return [{ op: "purge" }, { ...done, flushes }];
}

function touched(cpu: number, page: Vpn, frame: number): Pair {
  return [{ op: "touch", cpu, page }, { ...quiet, kind: "reached", hit: false, frame } as const];
}

/** Every world of a history, the empty one first. */
function worlds(label: string, ...pairs: readonly Pair[]): ImmutableWorld[] {
  const all = [ImmutableWorld.empty(SCOPE, releaseOf(label))];
  for (const [command, response] of pairs) {
    all.push(follow(all.at(-1) as ImmutableWorld, command, response) as ImmutableWorld);
  }
  return all;
}

const world = (label: string, ...pairs: readonly Pair[]) => worlds(label, ...pairs).at(-1) as ImmutableWorld;
const extents = (areas: Iterable<Area>) => Array.from(areas, ({ start, end, life }) => [start, end, life]);

/** Areas anywhere, overlapping too; some read by a CPU, some freed, some released, flushed in full or not. */
const anyPairs = fc
  .array(
    fc.record({
      start: fc.nat(36),
      size: fc.integer({ min: 1, max: 6 }),
      more: fc.subarray(["touched", "freed", "purged"] as const),
    }),
    { maxLength: 8, size: "max" },
  )
  .map((areas) =>
    areas.flatMap(({ start, size, more }, nth) => [
      placed(start, size, nth % 2 === 0),
      ...more.map((each) => {
        if (each === "freed") return freed(start);
        return each === "touched"
          ? touched(nth % 2, start, nth + 1)
          : purged({ start: 0, end: nth % 3 ? 64 : 20 });
      }),
    ]),
  );

const anyLabel = fc.constantFrom(...RELEASES.map((release) => release.labels[0] as string));

describe("the lowest fit", () => {
  const request = fc
    .record({
      size: fc.integer({ min: 1, max: 8 }),
      align: fc.constantFrom(1, PAGE_SIZE, 2 * PAGE_SIZE, 8 * PAGE_SIZE),
      vstart: fc.nat(20),
      vend: fc.integer({ min: 10, max: 44 }),
    })
    .map(({ size, ...others }) => alloc(size, others));

  /** Tries every page of the space, in the words of the guard rule. */
  function everyPage(
    of: ImmutableWorld,
    asked: Alloc,
    purgeable: "taken" | "gone",
    { inside, afterArea, beforeNext } = of.promises.guard,
  ): Vpn | undefined {
    const standing = of.areas.filter((area) => purgeable === "taken" || area.life === "busy");
    for (let start = Math.max(asked.vstart, of.promises.lowestPage); start < SCOPE.wordPages; start++) {
      const end = start + asked.size + inside;
      const isAligned = (start * PAGE_SIZE) % asked.align === 0;
      const isClear = standing.every(
        (area) => start >= area.end + afterArea || end + beforeNext <= area.start,
      );
      if (isAligned && isClear && end <= asked.vend) return start;
    }
    return undefined;
  }

  test.prop([anyLabel, anyPairs, request, fc.constantFrom("taken" as const, "gone" as const)], {
    numRuns: quickly(2000),
  })(
    "The lowest fit equals a trial of every page, under every guard rule, with lazy areas taken or released",
    (label, pairs, asked, purgeable) => {
      const here = world(label, ...pairs);
      expect(here.lowestFit(asked, purgeable)).toBe(everyPage(here, asked, purgeable));
      const touching = { ...here.promises.guard, afterArea: 0, beforeNext: 0 };
      expect(here.lowestFree(asked, purgeable)).toBe(everyPage(here, asked, purgeable, touching));
    },
  );

  test("The comparison notices a search that forgets the guard pages", () => {
    const forgetful = fc.property(anyPairs, request, (pairs, asked) => {
      const here = world("2.6.39", ...pairs);
      const unguarded = ImmutableWorld.empty(SCOPE, releaseOf("3.1")).with({ areas: here.areas });
      return unguarded.lowestFit(asked, "taken") === everyPage(here, asked, "taken");
    });
    expect(fc.check(forgetful, { seed: 1 }).failed).toBe(true);
  });
});

describe("a world", () => {
  test.prop([anyPairs, fc.nat(40), fc.integer({ min: 1, max: 12 })])(
    "A world lists the areas that share a page with an extent, by start",
    (pairs, start, length) => {
      const here = world("3.1", ...pairs);
      const sharing = here.areas.filter((area) => overlaps(area, { start, end: start + length }));
      expect(extents(here.areasIn({ start, end: start + length }))).toEqual(extents(sharing));
      const starts = here.areas.map((area) => area.start);
      expect(starts).toEqual(starts.toSorted((a, b) => a - b));
    },
  );

  test("A world is disjoint until an area is placed on another, and finds the areas that reach beyond a page in both cases", () => {
    const apart = world("3.1", placed(10, 2), placed(3, 3), placed(6, 4));
    expect([apart.disjoint, apart.firstBeyond(2), apart.firstBeyond(5), apart.firstBeyond(6)]).toEqual([
      true,
      0,
      0,
      1,
    ]);
    // A is placed around B and C: all three are looked at.
    const on = world("3.1", placed(10, 2), placed(3, 3), placed(1, 12));
    expect([on.disjoint, on.firstBeyond(11)]).toEqual([false, 0]);
    expect(extents(on.areasIn({ start: 11, end: 12 }))).toEqual([
      [1, 13, "busy"],
      [10, 12, "busy"],
    ]);
  });

  test("A world finds a busy area by its exact start, and neither a lazy one nor one by a page inside", () => {
    // AAABBB of which B is lazy
    const here = world("3.1", placed(0, 3), placed(3, 3), freed(3));
    expect([0, 1, 3].map((page) => here.busyAt(page)?.end)).toEqual([3, undefined, undefined]);
  });

  test("A world gives every mapped page its own frame, counted from 1 in the order of the requests", () => {
    // BB.AAA: A took the frames 1 to 3, an area that maps nothing none, B 4 and 5
    const here = world("3.1", placed(3, 3, true), placed(8, 1), placed(0, 2, true));
    const frames = [0, 1, 2, 3, 4, 5, 6, 8].map((page) => here.frameAt(page) ?? 0);
    expect(frames).toEqual([4, 5, 0, 1, 2, 3, 0, 0]);
    expect(world("3.1", placed(3, 3, true), freed(3)).frameAt(3)).toBeUndefined();
  });

  test("A world knows what was freed and not flushed, released or not", () => {
    // aaa.bbb, both lazy, then released by a purge that flushes [0, 5): one page of it is b's
    const lazy = [placed(0, 3), placed(4, 3), freed(0), freed(4)];
    const halfFlushed = world("3.1", ...lazy, purged({ start: 0, end: 5 }));
    const asked = [0, 3, 4, 5, 6, 7].map((page) => ({ start: page, end: page + 1 }));
    const bits = (of: ImmutableWorld) => asked.map((page) => of.unflushedIn(page));
    expect(bits(world("3.1", ...lazy))).toEqual([true, false, true, true, true, false]);
    expect(bits(halfFlushed)).toEqual([false, false, false, true, true, false]);
    expect(halfFlushed.releasedUnflushed).toBe(2);
  });

  test("A world keeps 2.6.27's guard page inside the area", () => {
    expect(extents(world("2.6.27", placed(4, 2)).areas)).toEqual([[4, 7, "busy"]]);
  });
});

describe("the worlds of a history", () => {
  test.prop([anyLabel, anyPairs])(
    "The worlds of a history are equal by value to those of the same history",
    (label, pairs) => {
      const [these, those] = [worlds(label, ...pairs), worlds(label, ...pairs)];
      for (const [index, one] of these.entries()) {
        expect(one).not.toBe(those[index]);
        expect(isDeepStrictEqual(one, those[index])).toBe(true);
      }
    },
  );

  test.prop([anyLabel, anyPairs])(
    "The worlds of a history do not change when later ones are made",
    (label, pairs) => {
      const all = worlds(label, ...pairs);
      const alone = all.map((_world, index) => world(label, ...pairs.slice(0, index)));
      expect(all.map((each) => JSON.stringify(each))).toEqual(alone.map((each) => JSON.stringify(each)));
    },
  );

  test("The worlds of a history differ as soon as one reply does", () => {
    const [mapped, lazy] = [placed(3, 2, true), freed(3)];
    const different = [
      world("3.1", mapped),
      world("3.1", placed(4, 2, true)),
      world("2.6.39", mapped),
      world("3.1", mapped, touched(0, 3, 1)),
      world("3.1", mapped, touched(1, 3, 1)),
      world("3.1", mapped, lazy),
      world("3.1", mapped, lazy, purged({ start: 3, end: 5 })),
      world("3.1", mapped, lazy, purged({ start: 3, end: 4 })),
    ];
    for (const [index, one] of different.entries()) {
      expect(different.findIndex((other) => isDeepStrictEqual(one, other))).toBe(index);
    }
  });
});
