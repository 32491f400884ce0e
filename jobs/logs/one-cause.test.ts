/** One fault is one violation, however often the log contradicts itself about what it left open; two faults are two. */
import { expect, test } from "vitest";
import {
  alloc,
  allocEntry,
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
import type { ValidateReport } from "./validate.ts";

const OPEN = "what is or may be a violation leaves it open what lies there";
const asIs = { release: "6.5" };
const lawOf = ({ laws }: ValidateReport, law: string) => laws.find(({ id }) => id === law);
const purgeOf = (from: number, to: number, lazy: number) => [
  freeing(from, to),
  free(from, lazy),
  purging,
  flush(from, to),
  purge(from, to, 1),
  purged(true),
];

/*
 *   page   0 2 4 6 8          areas of two pages, one behind the other
 *          A B C D E
 */
const areas = [0, 2, 4, 6, 8].map((page) => alloc(page, 2));
const begin = [freeing(50, 51), purging, ...areas];

test("An area over one in use is one violation, though both are freed and the place is used again", async () => {
  const all = [...begin, alloc(2, 2), freeing(2, 4), free(2, 2), freeing(2, 4), free(2, 4), alloc(2, 2)];
  const report = await judge([...all, OTHER]);
  expect(violatedIn(report)).toEqual([["no-overlap", begin.length + 1]]);
  expect(report).toMatchObject({
    violated: 1,
    violations: [{ more: 2, moreByLaw: { "argument-domain": 2 } }],
  });
});

test("no-overlap is violated twice by areas over two in use, apart from each other", async () => {
  const report = await judge([...begin, alloc(0, 2), alloc(6, 2), OTHER]);
  expect(violatedIn(report)).toEqual([
    ["no-overlap", begin.length + 1],
    ["no-overlap", begin.length + 2],
  ]);
});

test("A hole that is passed over again and again is one violation of lowest-fit-at-a-page; a second hole is another", async () => {
  const hole = [...begin, ...purgeOf(2, 4, 2)];
  const once = await judge([...hole, alloc(10), alloc(11), alloc(12, 2), OTHER], asIs);
  expect(violatedIn(once)).toEqual([["lowest-fit-at-a-page", hole.length + 1]]);
  expect(once.hint).toMatch(/^from 6\.9 on/);
  expect(lawOf(once, "lowest-fit-at-a-page")?.blind).toEqual({ [OPEN]: 2 });
  const twice = [...hole, alloc(10), ...purgeOf(6, 8, 2), alloc(11), alloc(12)];
  expect(violatedIn(await judge([...twice, OTHER], asIs))).toEqual([
    ["lowest-fit-at-a-page", hole.length + 1],
    ["lowest-fit-at-a-page", twice.length - 1],
  ]);
});

test("A hole that another may have had is no violation, and what was open for it is not said to follow from one", async () => {
  const passed = [...begin, ...purgeOf(2, 4, 2), onCpu(1, allocEntry(2)), alloc(10)];
  const report = await judge([...passed, alloc(11), onCpu(1, alloc(2, 2)), OTHER], asIs);
  expect(report.violated).toBe(0);
  const law = lawOf(report, "lowest-fit-at-a-page");
  expect(Object.keys(law?.undecided ?? {})).toEqual(["another allocation may have had the hole"]);
  expect(law?.blind).toEqual({ [OPEN]: 1 });
});

test("Once an area was placed in a hole that had been passed over, the hole is judged again", async () => {
  const passed = [...begin, ...purgeOf(2, 4, 2), alloc(10)];
  const again = [...passed, alloc(2, 2), purging, ...purgeOf(2, 4, 2), alloc(11)];
  expect(violatedIn(await judge([...again, OTHER], asIs))).toEqual([
    ["lowest-fit-at-a-page", passed.length],
    ["lowest-fit-at-a-page", again.length],
  ]);
});

test("in-window and aligned, violated by one event, are two violations of it", async () => {
  const outside = alloc(0).replace(String(0xffffd58480000000n), "4097");
  const report = await judge([...begin, outside, OTHER]);
  expect(violatedIn(report)).toEqual([
    ["in-window", begin.length + 1],
    ["aligned", begin.length + 1],
  ]);
});

test("A free that nothing shows is one violation of lazy-count, until purges have taken all that is lazy", async () => {
  const known = [...begin, purging, purging, ...purgeOf(0, 2, 2)];
  const counts = [freeing(2, 4), free(2, 9), freeing(4, 6), free(4, 11), freeing(6, 8), free(6, 13)];
  const report = await judge([...known, ...counts, OTHER]);
  expect(violatedIn(report)).toEqual([["lazy-count", known.length + 2]]);
  expect(lawOf(report, "lazy-count")?.blind).toMatchObject({ [OPEN]: 2 });
});

test("no-overlap over an area that lies in a hole that was passed over is a second violation, as the area is known", async () => {
  const passed = [...begin, ...purgeOf(2, 4, 2), alloc(10), alloc(2)];
  const over = await judge([...passed, alloc(2, 2), OTHER], asIs);
  const reused = await judge([...passed, freeing(2, 3), free(2, 1), alloc(2, 2), OTHER], asIs);
  const nothing = [purging, NO_PURGE, purged(false)];
  const unflushed = await judge(
    [...passed, ...nothing, freeing(2, 3), free(2, 1), alloc(2, 2), purging, OTHER],
    asIs,
  );
  expect(violatedIn(over)).toEqual([
    ["lowest-fit-at-a-page", passed.length - 1],
    ["no-overlap", passed.length + 1],
  ]);
  for (const report of [reused, unflushed])
    expect(violatedIn(report).map(([law]) => law)).toEqual(["lowest-fit-at-a-page", "flush-before-reuse"]);
});

test("lazy-count is a violation of its own, whatever was placed over another area elsewhere", async () => {
  const known = [...begin, purging, purging, ...purgeOf(0, 2, 2), purging, purging];
  const report = await judge([...known, alloc(6, 2), freeing(2, 4), free(2, 9), OTHER]);
  expect(violatedIn(report)).toContainEqual(["no-overlap", known.length + 1]);
  expect(violatedIn(report)).toContainEqual(["lazy-count", known.length + 3]);
});

test("purge-takes-all follows from lazy-count for two purges; where the areas lay, another free is its own violation", async () => {
  const empty = (page: number, lazy: number) => [
    ...[freeing(page, page + 2), free(page, lazy)],
    ...[purging, NO_PURGE, purged(false)],
  ];
  const known = [...begin, purging, purging, ...purgeOf(0, 2, 2)];
  const counts = [freeing(4, 6), free(4, 9), ...empty(2, 11)];
  const once = await judge([...known, ...counts, OTHER]);
  expect(violatedIn(once)).toEqual([["lazy-count", known.length + 2]]);
  expect(once.violations[0]?.moreByLaw).toEqual({ "purge-takes-all": 1 });
  const again = await judge([...known, ...counts, freeing(2, 4), free(2, 13), OTHER]);
  expect(violatedIn(again)).toEqual([
    ["lazy-count", known.length + 2],
    ["argument-domain", known.length + counts.length + 1],
  ]);
  const third = [...known, ...counts, ...empty(6, 13), ...empty(8, 15)];
  expect(violatedIn(await judge([...third, OTHER]))).toEqual([
    ["lazy-count", known.length + 2],
    ["purge-takes-all", third.length - 1],
  ]);
});
