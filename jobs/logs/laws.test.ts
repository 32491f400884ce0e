/** Each law of logs that a few lines can show: what violates it, and the nearest log that does not. */
import { describe, expect, test } from "vitest";
import {
  alloc,
  allocEntry,
  allocReturn,
  flush,
  free,
  freeing,
  judge,
  OTHER,
  purge,
  purged,
  purging,
  refuse,
  violatedIn,
} from "./small-log.testing.ts";
import type { ValidateReport } from "./validate.ts";

const lawOf = ({ laws }: ValidateReport, law: string) => laws.find(({ id }) => id === law);

/*
 *   page   0 1 2 3 4 5 6
 *          A A . . B         A at 0, B at 4; C comes, of one page
 */
describe("lowest-fit-at-a-page, of a release with one list of free space", () => {
  const asIs = { release: "6.5" };
  const before = [freeing(50, 51), alloc(0, 2), alloc(2, 2), alloc(4)];
  const purgedHole = [
    ...before,
    purging,
    freeing(2, 4),
    free(2, 2),
    purging,
    flush(2, 4),
    purge(2, 4, 1),
    purged(true),
  ];

  test("is violated by an area above a hole that a purge left", async () => {
    const report = await judge([...purgedHole, allocEntry(1), alloc(5), alloc(6)], asIs);
    expect(violatedIn(report)).toContainEqual(["lowest-fit-at-a-page", purgedHole.length + 2]);
    expect(report.fits).toMatchObject({ exact: 4 - 1, other: 2 });
  });

  test("is kept by an area in that hole", async () => {
    const report = await judge([...purgedHole, allocEntry(1), alloc(2), alloc(3)], asIs);
    expect(violatedIn(report)).toEqual([]);
    expect(report.fits).toMatchObject({ exact: 5, other: 0 });
  });

  test("is kept by an area above a hole that is too small for it", async () => {
    const report = await judge([...purgedHole, allocEntry(3), alloc(5, 3)], asIs);
    expect(violatedIn(report)).toEqual([]);
  });

  test("is undecided where a purge returned areas while the search ran, and others before it", async () => {
    const lines = [
      ...purgedHole,
      alloc(2, 2),
      freeing(0, 2),
      free(0, 2),
      purging,
      allocEntry(1),
      flush(0, 2),
    ];
    const report = await judge([...lines, purge(0, 2, 1), alloc(5), OTHER], asIs);
    expect(violatedIn(report)).toEqual([]);
    expect(lawOf(report, "lowest-fit-at-a-page")?.undecided).toEqual({
      "a purge returned areas while the search ran": 1,
    });
  });
});

/*
 *   page   0 1 2 3 4 5 6 7
 *          A A . . B B         the log knows of pages 0 to 5: percpu areas come from the top, unseen
 */
describe("refused-only-when-full", () => {
  const asIs = { release: "6.5" };
  const purgedHole = [
    ...[freeing(50, 51), alloc(0, 2), alloc(2, 2), alloc(4, 2)],
    ...[purging, freeing(2, 4), free(2, 2), purging, flush(2, 4), purge(2, 4, 1), purged(true)],
  ];
  const refusing = (size: number) => judge([...purgedHole, allocEntry(size), refuse(size), OTHER], asIs);

  test("is violated by a refusal where a purge left a hole of the size", async () => {
    expect(violatedIn(await refusing(2))).toEqual([["refused-only-when-full", purgedHole.length + 2]]);
  });

  test("is violated by a refusal where the hole ends with the highest area that a caller placed", async () => {
    const all = [...purgedHole, purging, freeing(4, 6), free(4, 2), purging, flush(4, 6), purge(4, 6, 1)];
    const report = await judge([...all, purged(true), allocEntry(4), refuse(4), OTHER], asIs);
    expect(violatedIn(report)).toEqual([["refused-only-when-full", all.length + 3]]);
  });

  test("is undecided where the only hole lies above the areas that callers placed", async () => {
    const report = await refusing(3);
    expect(violatedIn(report)).toEqual([]);
    expect(lawOf(report, "refused-only-when-full")?.undecided).toEqual({
      "a percpu area may lie in the hole": 1,
    });
  });

  test("is blind where the log begins with areas in use", async () => {
    const report = await judge([alloc(3), alloc(5), refuse(1), alloc(7)], asIs);
    expect(lawOf(report, "refused-only-when-full")?.blind).toEqual({
      "what was there before the log begins is not known": 1,
    });
  });
});

describe("argument-domain", () => {
  const before = [alloc(0, 2), alloc(4, 2), alloc(2, 2), freeing(2, 4), free(2, 2)];
  const purgedHole = [...before, purging, flush(2, 4), purge(2, 4, 1), purged(true)];

  test("is violated by a free where nothing is placed, below an area", async () => {
    const report = await judge([...purgedHole, freeing(5, 6), OTHER]);
    expect(violatedIn(report)).toContainEqual(["argument-domain", purgedHole.length + 1]);
  });

  test("is violated by a free up to the end of the highest area, of which the log has no allocation", async () => {
    const report = await judge([...purgedHole, freeing(3, 4), OTHER]);
    expect(violatedIn(report)).toContainEqual(["argument-domain", purgedHole.length + 1]);
  });

  test("is blind above the highest area: it may be a percpu area", async () => {
    const report = await judge([...purgedHole, freeing(6, 7), OTHER]);
    expect(violatedIn(report)).toEqual([]);
    expect(lawOf(report, "argument-domain")?.blind).toEqual({ "it may be a percpu area": 1 });
  });
});

/*
 *   page   0 1 2 3 4 5 6 7 8
 *          A A . . . B B         a hole of 3 pages; an alignment of 2 pages may cost as many
 */
describe("lowest-roomy-hole", () => {
  const before = [alloc(0, 2), alloc(2, 3), alloc(5, 2), purging, freeing(2, 5), free(2, 3), purging];
  const hole = [...before, flush(2, 5), purge(2, 5, 1), purged(true)];
  const placed = async (page: number, size: number) => {
    const report = await judge([...hole, alloc(page, size, 8192), OTHER], { release: "6.1" });
    return { laws: violatedIn(report), fits: report.fits };
  };

  test("is violated by an area above a hole of its size and what its alignment may cost", async () => {
    expect((await placed(8, 1)).laws).toEqual([["lowest-roomy-hole", hole.length + 1]]);
  });

  test("is kept by an area in that hole", async () => {
    expect(await placed(2, 1)).toMatchObject({ laws: [], fits: { alignedExact: 1 } });
  });

  test("is kept above a hole that has its size and less than what its alignment may cost", async () => {
    expect(await placed(8, 2)).toMatchObject({ laws: [], fits: { alignedBounded: 1, alignedOther: 0 } });
  });
});

describe("flushes of a purge", () => {
  const lazy = [alloc(0, 2), alloc(2, 2), freeing(0, 2), free(0, 2)];
  const lawsOf = async (lines: readonly string[]) => violatedIn(await judge([...lazy, ...lines, OTHER]));

  test("one-flush-per-purge is violated by a second one, and kept by one", async () => {
    const once = [purging, flush(0, 2), purge(0, 2, 1), purged(true)];
    expect(await lawsOf(once)).toEqual([]);
    const twice = [purging, flush(0, 2), flush(0, 2), purge(0, 2, 1), purged(true)];
    expect(await lawsOf(twice)).toEqual([["one-flush-per-purge", lazy.length + 3]]);
  });

  test("flush-well-formed is violated by a purge that returns areas and flushes nothing", async () => {
    const seen = [purging, flush(0, 2), purge(0, 2, 1), purged(true), freeing(2, 4), free(2, 2)];
    const [law] = await lawsOf([...seen, purging, purge(2, 4, 1), purged(true)]);
    expect(law).toEqual(["flush-well-formed", lazy.length + seen.length + 2]);
  });

  test("flush-well-formed is violated by a purge that does not flush all that was freed before it", async () => {
    expect(await lawsOf([purging, flush(0, 1), purge(0, 1, 1), purged(true)])).toContainEqual([
      "flush-well-formed",
      lazy.length + 3,
    ]);
  });

  test("flush-well-formed is violated by an empty range for areas that were returned", async () => {
    expect(await lawsOf([purge(2, 2, 1)])).toContainEqual(["flush-well-formed", lazy.length + 1]);
  });
});

test("purge-takes-all is blind in a purge of which no event counts the areas, and judged in one of nothing", async () => {
  const lines = [alloc(0, 2), freeing(0, 2), purging, flush(0, 2), purged(true), purging, purged(false)];
  const report = await judge([...lines, OTHER]);
  expect(lawOf(report, "purge-takes-all")).toMatchObject({
    judged: 1,
    blind: { "no event shows how many areas a purge returned": 1 },
  });
});

test("no-overlap is blind, at each reuse, in a log without frees", async () => {
  const reused = Array.from({ length: 100 }, () => alloc(0));
  const report = await judge([...reused, OTHER]);
  expect(lawOf(report, "no-overlap")).toMatchObject({ violated: 0, blind: { "no event shows frees": 99 } });
});

describe("events-agree", () => {
  const lawsOf = async (lines: readonly string[]) => violatedIn(await judge([...lines, OTHER]));

  test("is kept by a call whose entry, tracepoint and return name one request and one area", async () => {
    expect(await lawsOf([allocEntry(2), alloc(0, 2), allocReturn(0, 2)])).toEqual([]);
  });

  test.each([
    ["another size than was asked for", [allocEntry(1), alloc(0, 2)], 2],
    ["another alignment than was asked for", [allocEntry(2, 8192), alloc(0, 2)], 2],
    ["a return of another area than was reported", [allocEntry(2), alloc(0, 2), allocReturn(0, 1)], 3],
    ["a return that nothing reported", [alloc(0), allocEntry(2), allocReturn(2, 4)], 3],
    ["a free of another extent than was placed", [freeing(50, 51), alloc(0, 2), freeing(0, 1)], 3],
    ["a free that reports another area", [alloc(0, 2), alloc(2, 2), freeing(0, 2), free(2, 2)], 4],
  ])("is violated by %s", async (_, lines, line) => {
    expect(await lawsOf(lines)).toContainEqual(["events-agree", line]);
  });

  test("is violated by a purge that reports another range than it flushed", async () => {
    const lazy = [alloc(0, 2), alloc(2, 2), freeing(0, 2), free(0, 2), purging, flush(0, 2), purge(0, 2, 1)];
    const again = [purged(true), freeing(2, 4), free(2, 2), purging, flush(2, 4)];
    expect(await lawsOf([...lazy, ...again, purge(2, 4, 1)])).toEqual([]);
    expect(await lawsOf([...lazy, ...again, purge(2, 5, 1)])).toEqual([["events-agree", 13]]);
  });

  test("is violated by a free that is never reported, once its task makes another call", async () => {
    const reported = [alloc(0, 2), alloc(2, 2), alloc(4, 2), freeing(0, 2), free(0, 2)];
    expect(await lawsOf([...reported, freeing(2, 4), purging])).toContainEqual([
      "events-agree",
      reported.length + 2,
    ]);
  });
});
