/**
 * The free-area cache of 2.6.39, rule by rule as the catalogue numbers them (section 2). Maps are drawn from
 * page 0 on, an area in one letter, free pages as dots: 2.6.39 keeps one free on each side of an area.
 */
import { test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import type { DumpedCache, Kernel } from "../../spec/vmap/kernel.ts";
import { AREAS_ONLY, type Scope } from "../../spec/vmap/scope.ts";
import { PAGE_SIZE, type Pages, type Vpn } from "../../spec/vmap/vocabulary.ts";
import { linux } from "./index.ts";
import type { State } from "./state.ts";

const none = { ...AREAS_ONLY, sizes: [], aligns: [], windows: [] };
const SCOPE: Scope = { name: "cache", wordPages: 256, cpus: 1, lazyMaxPages: null, ...none };

/** In pages, the alignment too. */
type Ask = { readonly size: Pages; readonly vstart?: Vpn; readonly vend?: Vpn; readonly align?: Pages };

/** A kernel: every call returns where an area was placed, or the marks that were set. */
function machine(kernel: Kernel<State>) {
  const state = kernel.initial(SCOPE);
  const ask = ({ size, vstart = 0, vend = 64, align = 1 }: Ask) => {
    const request = { op: "alloc", size, align: align * PAGE_SIZE, vstart, vend, map: false } as const;
    const reply = kernel.act(state, request);
    return { start: reply.kind === "placed" ? reply.start : reply.kind, marks: kernel.marks(state) };
  };
  const free = (start: Vpn) => void kernel.act(state, { op: "free", start });
  const release = (start: Vpn) => {
    free(start);
    kernel.act(state, { op: "purge" });
    return kernel.marks(state);
  };
  const cache = () => kernel.dump(state).cache as DumpedCache;
  return { ask, free, release, cache };
}

/** 2.6.39 after these requests. */
function given(...asks: readonly Ask[]) {
  const { ask, ...others } = machine(linux("2.6.39"));
  for (const each of asks) ask(each);
  return { ask, ...others };
}

describe("rule 1: the cache is used, or reset for one of four reasons", () => {
  test("Rule 1: an empty cache is not used", () => {
    // A
    expect(given().ask({ size: 1 })).toEqual({ start: 0, marks: ["cacheResetEmpty"] });
  });

  test("Rule 1: an equal request continues behind the area placed last", () => {
    // AA.BB
    const { ask, cache } = given({ size: 2 });
    expect(ask({ size: 2 })).toEqual({ start: 3, marks: ["cacheHit"] });
    expect(cache().freeVmapCache).toBe(3);
  });

  test("Rule 1: so does a larger request, one in a higher window, and one of larger alignment", () => {
    // AA.BBB.C....D
    const { ask } = given({ size: 2 });
    expect(ask({ size: 3 })).toEqual({ start: 3, marks: ["cacheHit"] });
    expect(ask({ size: 1, vstart: 1 })).toEqual({ start: 7, marks: ["cacheHit"] });
    expect(ask({ size: 1, vstart: 1, align: 4 })).toEqual({ start: 12, marks: ["cacheHit"] });
  });

  test("Rule 1: a size below the largest hole passed resets the cache", () => {
    // ..BBB.CCC, C having passed 2 pages below B; then D.BBB.CCC
    const { ask, cache } = given({ size: 3, vstart: 2 }, { size: 3 });
    expect(ask({ size: 1 })).toEqual({ start: 0, marks: ["cacheResetSmallerSize"] });
    expect(cache()).toMatchObject({ freeVmapCache: 0, cachedHoleSize: 0 });
  });

  test("Rule 1: a lower window resets the cache", () => {
    // ........A, then B.......A
    const { ask } = given({ size: 1, vstart: 8 });
    expect(ask({ size: 1 })).toEqual({ start: 0, marks: ["cacheResetLowerVstart"] });
  });

  test("Rule 1: a smaller alignment resets the cache", () => {
    // AAAA....B, B at a multiple of 4; then AAAA.C..B
    const { ask } = given({ size: 4 }, { size: 1, align: 4 });
    expect(ask({ size: 1 })).toEqual({ start: 5, marks: ["cacheResetSmallerAlign"] });
  });

  test("Rule 1: a lower end of the window does not reset the cache", () => {
    // A, then A.B
    expect(given({ size: 1 }).ask({ size: 1, vend: 16 })).toEqual({ start: 2, marks: ["cacheHit"] });
  });
});

test("Rule 2: a refused request also records its window and its alignment", () => {
  // ....A, and no room for 4 pages in [9, 12)
  const { ask, cache } = given({ size: 1, vstart: 4 });
  expect(ask({ size: 4, vstart: 9, vend: 12, align: 2 }).start).toBe("refused");
  expect(cache()).toMatchObject({ cachedVstart: 9, cachedAlign: 2 * PAGE_SIZE });
});

test("Rule 3: a search does not begin behind the cached area if that is below the window", () => {
  // A, then A.......B
  const { ask, cache } = given({ size: 1 });
  expect(ask({ size: 1, vstart: 8 })).toEqual({ start: 8, marks: ["cacheBelowWindow"] });
  expect(cache()).toMatchObject({ freeVmapCache: 8, cachedVstart: 8, cachedHoleSize: 0 });
});

test("Rule 3: without the cache, an area that ends where the window begins still keeps its page", () => {
  // AAAA, then AAAA.B in a window from 4
  const { ask } = given({ size: 4, align: 4 });
  expect(ask({ size: 1, vstart: 4 })).toEqual({ start: 5, marks: ["cacheResetSmallerAlign"] });
});

describe("rule 4: the scan", () => {
  test("Rule 4: the scan passes an area in whose place the request would end exactly at the window's end", () => {
    // A.B, which is all of the window; a lower window makes the search begin at its start
    expect(given({ size: 1 }, { size: 1, vstart: 2 }).ask({ size: 1, vend: 3 }).start).toBe("refused");
  });

  test("Rule 4: the scan takes a hole that ends with the window, and none that ends behind it", () => {
    // A., then A.B
    expect(given({ size: 1 }).ask({ size: 1, vend: 3 }).start).toBe(2);
    expect(given({ size: 1 }).ask({ size: 2, vend: 3 }).start).toBe("refused");
  });
});

describe("rule 4: the largest hole passed", () => {
  test("Rule 4: the largest hole passed grows with each larger one, and not with a smaller", () => {
    // .A....BB..C, then 5 pages behind C: passed are 1, 3 (a page is kept behind A) and 1
    const { ask, cache } = given({ size: 1, vstart: 1 }, { size: 2, vstart: 6 }, { size: 1, vstart: 10 });
    expect(ask({ size: 5 }).start).toBe(12);
    expect(cache().cachedHoleSize).toBe(3);
  });

  test("Rule 4: the largest hole passed is measured from the aligned address", () => {
    // .......BB, then .......BB...CCCC: from page 4 on there are 3
    const { ask, cache } = given({ size: 2, vstart: 7 });
    expect(ask({ size: 4, vstart: 1, align: 4 }).start).toBe(12);
    expect(cache().cachedHoleSize).toBe(3);
  });

  test("Rule 4: the largest hole passed also grows in a refused call", () => {
    // ...A, and no room for 4 pages in [0, 6)
    const { ask, cache } = given({ size: 1, vstart: 3 });
    expect(ask({ size: 4, vend: 6 }).start).toBe("refused");
    expect(cache().cachedHoleSize).toBe(3);
  });
});

test("Rule 6: the cache is kept over the purge and the retry", () => {
  // AAA.BBB of which B came first and is lazy; then AAA.CCC
  const { ask, free } = given({ size: 3, vstart: 4 }, { size: 3 });
  free(4);
  expect(ask({ size: 3, vend: 8 })).toEqual({ start: 4, marks: ["cacheHit", "placedAfterPurge"] });
});

test("Rule 6: 3.1, which keeps no page between areas, therefore refuses a page although the lowest is free (A9)", () => {
  // .ABB: page 0 is the largest hole passed, and a size of 1 is not below 1
  const { ask } = machine(linux("3.1"));
  expect([ask({ size: 1, vstart: 1, vend: 4 }).start, ask({ size: 2, vend: 4 }).start]).toEqual([1, 2]);
  expect(ask({ size: 1, vend: 4 })).toEqual({ start: "refused", marks: ["cacheHit"] });
});

describe("rule 7: a release", () => {
  test("Rule 7: a release of the cached area moves the cache to the one before", () => {
    // A.B.C, then A.B
    const { release, cache } = given({ size: 1 }, { size: 1 }, { size: 1 });
    expect(release(4)).toEqual(["freeMovedCache"]);
    expect(cache().freeVmapCache).toBe(2);
  });

  test("Rule 7: a release below the cached area moves it below the hole, which is used next", () => {
    // A.BB.CC, then A....CC, then A.DD.CC
    const { ask, release, cache } = given({ size: 1 }, { size: 2 }, { size: 2 });
    expect(release(2)).toEqual(["freeMovedCache"]);
    expect(cache().freeVmapCache).toBe(0);
    expect(ask({ size: 2 })).toEqual({ start: 2, marks: ["cacheHit"] });
  });

  test("Rule 7: a release of the lowest area leaves none cached", () => {
    // A.B, then ..B
    const { release, cache } = given({ size: 1 }, { size: 1 });
    expect(release(0)).toEqual(["freeMovedCache"]);
    expect(cache().freeVmapCache).toBeNull();
  });

  test("Rule 7: a release below the whole window last searched clears the cache and leaves the hole's size", () => {
    // A.....BB.CCC, C having passed 2 pages below B; then ......BB.CCC
    const { release, cache } = given({ size: 1 }, { size: 2, vstart: 6 }, { size: 3, vstart: 4 });
    expect(release(0)).toEqual(["freeClearedCache"]);
    expect(cache()).toMatchObject({ freeVmapCache: null, cachedHoleSize: 2, cachedVstart: 4 });
  });

  test("Rule 7: a release above the cached area changes nothing", () => {
    // B.......A of which A came first; then B
    const { release, cache } = given({ size: 1, vstart: 8 }, { size: 1 });
    const before = cache();
    expect(release(8)).toEqual([]);
    expect(cache()).toEqual(before);
  });
});
