/** A search of the tree of free space returns: how often it goes back up, on trees of every shape. */
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import type { Alloc } from "../../spec/vmap/commands.ts";
import { AREAS_ONLY, type Scope } from "../../spec/vmap/scope.ts";
import { PAGE_SIZE } from "../../spec/vmap/vocabulary.ts";
import { giveSpace, noFreeSpace } from "./free-space.ts";
import { rulesOf } from "./releases.ts";
import { plainSize, type TreeSearch, takeFromTree } from "./search-tree.ts";
import { NO_ROOM } from "./search-uncached.ts";
import { initialState, type State } from "./state.ts";

const WORD = 64;
const SCOPE: Scope = {
  ...AREAS_ONLY,
  name: "trees",
  wordPages: WORD,
  cpus: 1,
  lazyMaxPages: null,
  sizes: [],
  aligns: [],
  windows: [],
};
const UNSHIFTED: TreeSearch = { lookedFor: plainSize, shiftsStart: false };
const FORMS: readonly (readonly [string, TreeSearch])[] = [
  ["5.2", rulesOf("5.2")],
  ["5.17", rulesOf("5.17")],
  ["6.1", rulesOf("6.1")],
];

/** A kernel whose free space is these pages, each given back by itself in this order. */
function freeing(pages: readonly number[]): State {
  const free = noFreeSpace(WORD);
  for (const page of pages) giveSpace(free, page, page + 1);
  return { ...initialState(SCOPE), free };
}

const pages = fc.uniqueArray(fc.integer({ min: 0, max: WORD - 1 }), { maxLength: WORD });
const request: fc.Arbitrary<Alloc> = fc
  .record({
    size: fc.integer({ min: 1, max: 8 }),
    align: fc.constantFrom(1, ...[1, 2, 4, 8, 32].map((count) => count * PAGE_SIZE)),
    vstart: fc.integer({ min: 0, max: WORD - 2 }),
    length: fc.integer({ min: 1, max: WORD }),
  })
  .map(({ size, align, vstart, length }) => {
    return { op: "alloc", size, align, vstart, vend: Math.min(vstart + length, WORD - 1), map: false };
  });

/** Whether a search of this free space returns. */
function returns(given: readonly number[], asked: Alloc, form: TreeSearch): boolean {
  try {
    takeFromTree(freeing(given), asked, form);
    return true;
  } catch (error) {
    expect((error as Error).message).toContain("for ever");
    return false;
  }
}

describe("a search of the tree", () => {
  for (const [label, form] of FORMS) {
    test.prop([pages, request], { numRuns: 3000 })(
      `A search of the tree returns, as ${label} has it`,
      (given, asked) => {
        expect(returns(given, asked, form)).toBe(true);
      },
    );
  }

  test("A search of the tree for the plain size does not return unless it shifts its start", () => {
    const samples = fc.sample(fc.tuple(pages, request), { numRuns: 3000, seed: 1 });
    expect(samples.some(([given, asked]) => !returns(given, asked, UNSHIFTED))).toBe(true);
  });

  // Free: 13, then 15. Neither is a multiple of 2.
  const between: Alloc = { op: "alloc", size: 1, align: 2 * PAGE_SIZE, vstart: 1, vend: 63, map: false };

  test("A search of the tree that does not shift its start enters the extent at 15 without end", () => {
    expect(() => takeFromTree(freeing([13, 15]), between, UNSHIFTED)).toThrow("for ever");
    for (const [, form] of FORMS) expect(takeFromTree(freeing([13, 15]), between, form)).toBe(NO_ROOM);
  });
});
