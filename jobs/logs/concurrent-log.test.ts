/** Logs of a correct allocator under concurrent calls, in each order that a kernel may print: nothing in them is a violation. */
import { expect, test } from "vitest";
import { judged } from "./concurrent-judged.testing.ts";
import { settingOf } from "./concurrent-setting.testing.ts";

test("No order in which four CPUs print the calls of a correct allocator is a violation", async () => {
  let flushes = 0;
  for (let seed = 0; seed < 54; seed++) {
    const { report } = await judged(settingOf(seed));
    const { violations, laws } = report;
    expect(violations, `seed ${seed}`).toEqual([]);
    flushes += laws.find(({ id }) => id === "flush-well-formed")?.judged ?? 0;
  }
  expect(flushes).toBeGreaterThan(500);
});

test("Where events of a CPU are lost, nothing is a violation, and the report says what that leaves open", async () => {
  let open = 0;
  for (let seed = 0; seed < 54; seed++) {
    const { report } = await judged({ ...settingOf(seed), losses: 3 });
    const { violations, laws } = report;
    expect(violations, `seed ${seed}`).toEqual([]);
    for (const { undecided, blind } of laws) open += Object.keys({ ...undecided, ...blind }).length;
  }
  expect(open).toBeGreaterThan(54);
});

test.each([
  ["a purge that is not reported yet shows by what it released", 20717, 0],
  ["the same, for a request that is refused", 21932, 0],
  ["two purges in turn did not take an area", 21209, 0],
  ["another CPU's free begins at the time of a count, and stands behind it", 32432, 0],
  ["a purge is lost between the reuse of an area and the report of another", 20379, 3],
  ["the same, without a kprobe", 21331, 3],
  ["the first free in the log is that of an area which another was placed over", 30824, 3],
  ["the free of an area from before a loss is printed after another was placed there", 31306, 3],
  ["the same, of an area that the log never had", 52138, 3],
  ["an area is freed when a purge reports itself that had taken all it counts", 21128, 0],
] as const)("Nothing is a violation where %s", async (_says, seed, losses) => {
  const { report } = await judged({ ...settingOf(seed), losses });
  expect(report.violations).toEqual([]);
});

test("A version between two releases is judged by what both have", async () => {
  const setting = { ...settingOf(0), nodes: 2, release: "6.17.0" };
  const { report } = await judged(setting);
  expect(report).toMatchObject({ violated: 0, release: "6.17.0" });
});
