/** What follows from how large a machine is. */
import { describe, expect, test } from "vitest";
import { outOfDomain } from "./percpu-layout.ts";
import {
  AREAS_ONLY,
  blockStart,
  fitsBlock,
  isLittleLeft,
  isPossible,
  lazyMaxPages,
  possibleCount,
  possibleCpus,
  type Scope,
  vmapCounts,
  vmapNodes,
} from "./scope.ts";
import { alignDown, alignmentInPages, alignUp, overlaps, PAGE_SIZE, roundedUp } from "./vocabulary.ts";

const SCOPE: Scope = {
  ...AREAS_ONLY,
  name: "",
  wordPages: 256,
  cpus: 4,
  lazyMaxPages: null,
  blockPages: 8,
  bitsPerLong: 4,
  counts: [0, 1, 5],
  sizes: [],
  aligns: [],
  windows: [],
};
const GAP: Scope = { ...SCOPE, absentCpus: [1, 2] };

describe("CPUs", () => {
  test("The possible CPUs are the CPU numbers outside the gaps", () => {
    expect([possibleCpus(SCOPE), possibleCount(SCOPE), vmapNodes(SCOPE)]).toEqual([[0, 1, 2, 3], 4, 4]);
    expect([possibleCpus(GAP), possibleCount(GAP), vmapNodes(GAP)]).toEqual([[0, 3], 2, 2]);
    expect([1, 3, 4].map((cpu) => isPossible(GAP, cpu))).toEqual([false, true, false]);
  });

  test("Each CPU has a node, up to 128", () => {
    expect([127, 128, 129].map((cpus) => vmapNodes({ ...SCOPE, cpus }))).toEqual([127, 128, 128]);
  });
});

describe("lazy_max_pages", () => {
  test.each([
    [1, 1],
    [2, 2],
    [3, 2],
    [4, 3],
    [8, 4],
  ])("lazy_max_pages with %d CPUs is %d times 32 MiB", (cpus, times) => {
    expect(lazyMaxPages({ ...SCOPE, cpus })).toBe(times * 8192);
  });

  test("lazy_max_pages counts CPUs, not their numbers, unless the scope gives it", () => {
    expect(lazyMaxPages(GAP)).toBe(2 * 8192);
    expect([0, 5].map((pages) => lazyMaxPages({ ...SCOPE, lazyMaxPages: pages }))).toEqual([0, 5]);
  });
});

describe("blocks", () => {
  test("Blocks hold maps of as many pages as a word has bits", () => {
    expect([3, 4, 5].map((count) => fitsBlock(SCOPE, count))).toEqual([true, true, false]);
  });

  test("Blocks begin at multiples of their size", () => {
    expect([64, 71, 72].map((page) => blockStart(SCOPE, page))).toEqual([64, 64, 72]);
  });

  test("Blocks have little left below a quarter", () => {
    expect([5, 6, 7].map((given) => isLittleLeft(8, given))).toEqual([false, false, true]);
  });
});

describe("vmap", () => {
  test("vmap is asked for every count of a map except 0, if it has a window", () => {
    expect(vmapCounts({ ...SCOPE, vmalloc: { vstart: 64, vend: 65 } })).toEqual([1, 5]);
    expect(vmapCounts(SCOPE)).toEqual([]);
  });
});

describe("numbers of pages", () => {
  test("A page number is aligned to at least a page", () => {
    expect([1, 2048, PAGE_SIZE, 2 * PAGE_SIZE].map(alignmentInPages)).toEqual([1, 1, 1, 2]);
    expect([8, 9, 12].map((page) => alignUp(page, 4 * PAGE_SIZE))).toEqual([8, 12, 12]);
    expect([8, 11, 12].map((page) => alignDown(page, 4 * PAGE_SIZE))).toEqual([8, 8, 12]);
    expect([alignUp(5, 1), alignDown(5, 1)]).toEqual([5, 5]);
  });

  test("A count of pages is rounded up to a power of two in a block", () => {
    expect([1, 2, 3, 4, 5, 8, 9].map(roundedUp)).toEqual([1, 2, 4, 4, 8, 8, 16]);
  });

  test("Extents overlap if they share a page", () => {
    const at = (start: number, end: number) => overlaps({ start, end }, { start: 4, end: 6 });
    expect([at(2, 4), at(2, 5), at(5, 9), at(6, 9), at(4, 6)]).toEqual([false, true, true, false, true]);
  });
});

describe("percpu areas", () => {
  const asked = { offsets: [0, 4], sizes: [2, 2], align: PAGE_SIZE };
  test.each([
    [{}, undefined],
    [{ sizes: [4, 1] }, undefined],
    [{ offsets: [4, 0] }, undefined],
    [{ offsets: [0, 2] }, undefined],
    [{ sizes: [2] }, "sizes"],
    [{ sizes: [2, 0] }, "sizes"],
    [{ sizes: [5, 1] }, "offsets"],
    [{ offsets: [1, 4] }, "offsets"],
    [{ offsets: [0, 1] }, "offsets"],
    [{ align: 2 * PAGE_SIZE }, undefined],
    [{ align: 2 * PAGE_SIZE, sizes: [2, 3] }, "sizes"],
    [{ align: 2 * PAGE_SIZE, offsets: [0, 3] }, "offsets"],
  ])("Percpu areas with %j are outside the domain by their %s", (more, field) => {
    expect(outOfDomain({ ...asked, ...more })?.field).toBe(field);
  });
});
