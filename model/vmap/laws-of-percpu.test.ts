/** The laws on percpu areas: a reply that keeps each and one that violates it. */
import { describe, expect, test } from "vitest";
import { judge } from "../../spec/contract.ts";
import { lawsCalled } from "../../spec/vmap/laws/index.ts";
import { releaseOf } from "../../spec/vmap/releases.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import { PAGE_SIZE, type Pages, type Vpn } from "../../spec/vmap/vocabulary.ts";
import type { World } from "../../spec/vmap/world.ts";
import { freedBeforePurge } from "./after.ts";
import { done, FOUR_BLOCKS, flush, type More, type Pair, quiet } from "./pairs.testing.ts";
import { vmapSpec } from "./vmap-spec.ts";
import type { ImmutableWorld } from "./world.ts";

/** Sixteen pages from 64 on; more than four lazy ones purge. */
const SCOPE: Scope = { ...FOUR_BLOCKS, cpus: 1, lazyMaxPages: 4, vmalloc: { vstart: 64, vend: 80 } };
const PROMISES = releaseOf("5.10");
const SPEC = vmapSpec(PROMISES);

/** Two areas of two pages, eight apart. */
const PAIR = { offsets: [0, 8], sizes: [2, 2], align: 2 * PAGE_SIZE };

const got = (start: Vpn, more: More = {}): Pair => [
  { op: "pcpuGet", ...PAIR },
  { ...quiet, kind: "placed", start, mapStopped: false, ...more },
];
const refused = (more: More = {}): Pair => [
  { op: "pcpuGet", ...PAIR },
  { ...quiet, kind: "refused", ...more },
];
const pcpuFreed = (start: Vpn, more: More = {}): Pair => [
  { op: "pcpuFree", start, offsets: PAIR.offsets },
  done(more),
];
const placed = (start: Vpn, size: Pages): Pair => [
  { op: "alloc", size, align: 1, vstart: 64, vend: 80, map: false },
  { ...quiet, kind: "placed", start, mapStopped: false },
];
const freed = (start: Vpn): Pair => [{ op: "free", start }, done()];

function after(pairs: readonly Pair[], scope = SCOPE): ImmutableWorld {
  return pairs.reduce(
    (world, [command, response]) => SPEC.after(world, command, response) as ImmutableWorld,
    SPEC.initial(scope),
  );
}

function violated(pairs: readonly Pair[], [command, response]: Pair): readonly string[] {
  const verdict = judge(SPEC, lawsCalled(PROMISES.laws), after(pairs), command, response);
  return verdict.accepted ? [] : verdict.violated.map(({ id }) => id);
}

/** [72, 80): the second area of any pair lies there. */
const inTheWay = placed(72, 8);
const lazyInTheWay = [inTheWay, freed(72)];

describe("of percpu areas", () => {
  test("in-window applies to each percpu area", () => {
    expect(violated([], got(70))).toEqual([]);
    expect(violated([], got(72))).toEqual(["in-window"]);
    expect(violated([], got(62))).toContain("in-window");
  });

  test("aligned applies to the base of percpu areas", () => {
    expect(violated([placed(79, 1)], got(68))).toEqual([]);
    expect(violated([placed(79, 1)], got(69))).toEqual(["aligned"]);
  });

  test("no-overlap applies to each percpu area", () => {
    expect(violated([placed(78, 2)], got(68))).toEqual([]);
    expect(violated([placed(78, 2)], got(70))).toEqual(["no-overlap"]);
    expect(violated([placed(71, 1)], got(70))).toEqual(["no-overlap"]);
  });

  test("highest-congruent-fit counts lazy areas as taken, until a purge in the reply", () => {
    const lazyAtTop = [placed(78, 2), freed(78)];
    expect(violated([], got(68))).toEqual(["highest-congruent-fit"]);
    expect(violated(lazyAtTop, got(68))).toEqual([]);
    expect(violated(lazyAtTop, got(66))).toEqual(["highest-congruent-fit"]);
    expect(violated(lazyInTheWay, got(70, flush([72, 80])))).toEqual([]);
    expect(violated(lazyInTheWay, got(68, flush([72, 80])))).toEqual(["highest-congruent-fit"]);
  });

  test("refused-only-when-full requires that percpu areas fit nowhere, with every lazy area released", () => {
    expect(violated([inTheWay], refused())).toEqual([]);
    expect(violated(lazyInTheWay, refused(flush([72, 80])))).toEqual(["refused-only-when-full"]);
    expect(violated([placed(72, 6)], refused())).toEqual(["refused-only-when-full"]);
  });

  test("purge-only-when-full requires that percpu areas fitted nowhere before", () => {
    expect(violated([placed(74, 4), freed(74)], got(70, flush([74, 78])))).toEqual(["purge-only-when-full"]);
  });

  test("flush-before-reuse applies to each percpu area", () => {
    expect(violated(lazyInTheWay, got(70, flush([72, 78])))).toContain("flush-before-reuse");
  });

  test("purge-only-when-full adds up the freed percpu areas", () => {
    const lazy = [placed(64, 1), freed(64)];
    expect(violated([got(70)], pcpuFreed(70, flush([70, 80])))).toEqual(["purge-only-when-full"]);
    expect(violated([...lazy, got(70)], pcpuFreed(70, { ...flush([64, 80]), lazyPages: 0 }))).toEqual([]);
  });

  test("lazy-count follows a purge between the frees of percpu areas", () => {
    const lazy = [placed(64, 4), freed(64), got(70)];
    const midst = pcpuFreed(70, { ...flush([64, 72]), lazyPages: 2 });
    expect(violated([got(70)], pcpuFreed(70, { lazyPages: 4 }))).toEqual([]);
    expect(violated([got(70)], pcpuFreed(70, { lazyPages: 2 }))).toEqual(["lazy-count"]);
    expect(violated(lazy, midst)).toEqual([]);
    expect(violated(lazy, pcpuFreed(70, { ...flush([64, 72]), lazyPages: 1 }))).toContain("lazy-count");
    const left = after([...lazy, midst]).areasIn({ start: 64, end: 80 });
    expect(left.map(({ start, end, life }) => [start, end, life])).toEqual([[78, 80, "lazy"]]);
  });

  test("argument-domain forbids a pcpuFree of areas that are not held, or not with this base", () => {
    const other: Pair = [{ op: "pcpuFree", start: 70, offsets: [0, 6] }, done({ lazyPages: 4 })];
    expect(violated([got(70)], other)).toContain("argument-domain");
    expect(violated([placed(70, 2), placed(78, 2)], pcpuFreed(70, { lazyPages: 4 }))).toContain(
      "argument-domain",
    );
    expect(violated([placed(70, 2), placed(78, 2)], pcpuFreed(70, { lazyPages: 0 }))).toEqual([]);
    expect(violated([got(70), pcpuFreed(70)], pcpuFreed(70, { lazyPages: 4 }))).toEqual([]);
    expect(violated([got(70)], [{ op: "free", start: 70 }, done({ lazyPages: 2 })])).toContain(
      "argument-domain",
    );
  });

  describe("what a pool may hold is taken for highest-congruent-fit, and not after a purge", () => {
    const pooled = vmapSpec(releaseOf("6.12"));
    const laws = lawsCalled(["highest-congruent-fit"]);
    const sweep: Pair = [{ op: "unmapAliases" }, done(flush([78, 80]))];
    const on = (cpus: number, last: Pair) => {
      const history: readonly Pair[] = [placed(78, 2), freed(78), sweep, last];
      let world: World = pooled.initial({ ...SCOPE, cpus });
      for (const [command, response] of history) {
        const verdict = judge(pooled, laws, world, command, response);
        if (!verdict.accepted) return false;
        world = verdict.world;
      }
      return true;
    };
    // On two CPUs a pool has [78,80): ....AA......BBPP.
    test("highest-congruent-fit counts no pool on one CPU", () => expect(on(1, got(68))).toBe(false));
    test("highest-congruent-fit allows an area below what the pool has, on two CPUs", () =>
      expect(on(2, got(68))).toBe(true));
    test("highest-congruent-fit allows no lower area than that, on two CPUs", () =>
      expect(on(2, got(66))).toBe(false));
    test("highest-congruent-fit allows nothing below the pooled extent once a purge has emptied the pools", () =>
      expect(on(2, got(68, flush([72, 80])))).toBe(false));
  });
});

describe("areas freed before the last purge", () => {
  const of = (pages: readonly Pages[], more: object) => freedBeforePurge(pages, done(more));

  test("All areas count as freed before the last purge if there was none", () => {
    expect(of([3, 1, 2], { lazyPages: 6 })).toBe(3);
  });

  test("The areas freed before the last purge are those that are not counted as lazy", () => {
    const purged = flush([64, 80]);
    expect(of([3, 1, 2], { ...purged, lazyPages: 0 })).toBe(3);
    expect(of([3, 1, 2], { ...purged, lazyPages: 2 })).toBe(2);
    expect(of([3, 1, 2], { ...purged, lazyPages: 3 })).toBe(1);
  });

  test("All areas count as freed before the last purge if the lazy count fits no suffix of them, or is absent", () => {
    expect(of([3, 1, 2], { ...flush([64, 80]), lazyPages: 1 })).toBe(3);
    expect(of([3, 1, 2], flush([64, 80]))).toBe(3);
  });
});
