import { describe, expect, test } from "vitest";
import { AREAS_ONLY, type Scope, WORD64 } from "../spec/vmap/scope.ts";
import { placeOf, WORD32 } from "./place.ts";

const scope = (wordPages: number, vstart: number, cpus = 2): Scope => ({
  ...AREAS_ONLY,
  name: "placed",
  wordPages,
  cpus,
  lazyMaxPages: null,
  vmalloc: { vstart, vend: vstart + 32 },
  sizes: [],
  aligns: [],
  windows: [],
});

describe("a word of 256 pages", () => {
  const place = placeOf(scope(256, 64));

  test("ends where the 32-bit word does, and the pages below it are taken away", () => {
    expect(place.carved).toBe(WORD32 - 256);
    expect(place.addressOf(255)).toBe(0xfffff000);
    expect(place.addressOf(256)).toBe(0);
  });

  test("has each of its pages at one address", () => {
    for (const page of [0, 1, 64, 255]) expect(place.pageOf(place.addressOf(page) + 8)).toBe(page);
  });

  test("ends a range with a whole page, and one that wraps with the word", () => {
    expect(place.endOf(place.addressOf(65))).toBe(65);
    expect(place.endOf(place.addressOf(65) + 1)).toBe(66);
    expect(place.endOf(0)).toBe(256);
  });
});

describe("a word of 64 bits", () => {
  const START = 0xffffc90000000;

  test("has the surroundings of its vmalloc window, at the same distance from every node's and block's edge", () => {
    for (const cpus of [1, 2, 3, 4, 6]) {
      const place = placeOf(scope(WORD64, START, cpus));
      expect(place.carved).toBe(0);
      const moved = place.addressOf(START) / 4096;
      expect((START - moved) % (16 * cpus)).toBe(0);
      expect((START - moved) % (1024 * cpus)).toBe(0);
      for (const page of [START - 5, START, START + 2 ** 16])
        expect(place.pageOf(place.addressOf(page))).toBe(page);
    }
  });

  test("has its bottom and its top", () => {
    const place = placeOf(scope(WORD64, START));
    expect(place.addressOf(1)).toBe(4096);
    expect(place.addressOf(WORD64 - 1)).toBe(0xfffff000);
    expect(place.pageOf(0xfffff000)).toBe(WORD64 - 1);
  });

  test("refuses any other page; a window may end there", () => {
    const place = placeOf(scope(WORD64, START));
    expect(() => place.addressOf(2 ** 40)).toThrow(/page 1099511627776 of \d+ cannot be reached: a tree is/);
    expect(place.limitOf(START + 2 ** 33)).toBeGreaterThan(place.addressOf(START + 2 ** 16));
  });
});
