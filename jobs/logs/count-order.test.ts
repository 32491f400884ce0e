/** What nr_lazy shows of several frees at once: each value is possible alone, and all of them together or not. */
import { describe, expect, test } from "vitest";
import {
  alloc,
  flush,
  free,
  freeing,
  judge,
  NO_PURGE,
  OTHER,
  onCpu,
  purge,
  purged,
  purging,
  violatedIn,
} from "./small-log.testing.ts";

/*
 *   page   0 1 2 3 4 5
 *          A B C D E E        two purges of nothing: then all that is lazy is known
 */
const nothing = [purging, NO_PURGE, purged(false)];
const begin = [...[0, 1, 2, 3].map((page) => alloc(page)), alloc(4, 2), ...nothing, ...nothing, ...nothing];
const lawsOf = async (lines: Parameters<typeof judge>[0]) => {
  const report = await judge([...begin, ...lines, OTHER, onCpu(2, NO_PURGE), alloc(9)]);
  return violatedIn(report).map(([law, line]) => [law, line - begin.length]);
};

describe("Two frees at one time", () => {
  const both = (first: number, second: number) => [
    freeing(0, 1),
    onCpu(1, freeing(4, 6)),
    free(0, first),
    onCpu(1, free(4, second)),
  ];

  test.each([
    [1, 3],
    [3, 2],
  ])("may be counted in either order: %i and %i", async (first, second) => {
    expect(await lawsOf(both(first, second))).toEqual([]);
  });

  test.each([
    [3, 3],
    [1, 2],
  ])("violate lazy-count if both count the same page: %i and %i", async (first, second) => {
    expect(await lawsOf(both(first, second))).toEqual([["lazy-count", 4]]);
  });
});

describe("A free after another, beside two that have begun", () => {
  const inTurn = (second: number) => [
    onCpu(1, freeing(2, 3)),
    onCpu(2, freeing(3, 4)),
    freeing(0, 1),
    free(0, 3),
    freeing(1, 2),
    free(1, second),
    onCpu(1, free(2, 1)),
    onCpu(2, free(3, 6 - second)),
  ];

  test("is counted after it", async () => {
    expect(await lawsOf(inTurn(4))).toEqual([]);
  });

  test("violates lazy-count if it is counted before it, though as many may have been counted then", async () => {
    expect(await lawsOf(inTurn(2))).toEqual([["lazy-count", 6]]);
  });

  test("violates it beside a purge that has not flushed, and beside one that has it is accepted", async () => {
    const returned = [
      alloc(8),
      freeing(8, 9),
      free(8, 1),
      purging,
      flush(8, 9),
      purge(8, 9, 1),
      purged(true),
    ];
    const known = [...returned, ...nothing, ...nothing, onCpu(3, purging)];
    expect(await lawsOf([...known, ...inTurn(2)])).toEqual([["lazy-count", known.length + 6]]);
    expect(await lawsOf([...known, onCpu(3, flush(0, 9)), ...inTurn(2)])).toEqual([]);
  });
});
