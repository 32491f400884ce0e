/** `--release` of another kernel than that of the log: one statement, and no accusations. */
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { judged } from "./concurrent-judged.testing.ts";
import { settingOf } from "./concurrent-setting.testing.ts";
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
import { validate } from "./validate.ts";

const fixture = (name: string) =>
  fileURLToPath(new URL(`../../adapters/vmap/logs/fixtures/${name}.trace.txt.gz`, import.meta.url));

test.each([
  ["7.2-smp4", "6.8", /look like 6\.8: its purges call decay_va_pool_node/, "7.2"],
  ["6.5-686", "6.12", /look like 6\.12: 2 of 2 purges count areas that touch as one/, "6.5"],
])("The log of %s does not look like %s, and nothing in it is a violation", async (name, other, why, own) => {
  const report = await validate(fixture(name), { release: other });
  expect(report).toMatchObject({ violated: 0, mismatch: expect.stringMatching(why) });
  expect(await validate(fixture(name), { release: own })).toMatchObject({ violated: 0, mismatch: null });
});

test("With pools areas lie above free holes: too often for a release without, whose laws are then undecided", async () => {
  const setting = { ...settingOf(13), calls: 600 };
  const { report } = await judged({ ...setting, release: "6.8" });
  expect(report.mismatch).toMatch(/look like 6\.8: \d+ of \d+ placements pass over a hole/);
  expect(report.violations).toEqual([]);
  const law = report.laws.find(({ id }) => id === "lowest-fit-at-a-page");
  expect(law?.undecided["the log does not look like 6.8"]).toBeGreaterThan(2);
  expect((await judged({ ...setting, release: "6.12" })).report.mismatch).toBeNull();
});

test("Tracepoints of a release that had none contradict no rule, and are pointed out", async () => {
  const lines = [alloc(0), alloc(1), OTHER];
  expect(await judge(lines, { release: "6.1" })).toMatchObject({
    violated: 0,
    mismatch: null,
    hint: "the tracepoints of vmalloc came with 6.2",
  });
  expect(await judge(lines, { release: "6.5" })).toMatchObject({ hint: null });
});

test("Purges that lose an area violate purge-takes-all, where kprobes show the nodes of the release", async () => {
  const nothing = (shown: readonly string[]) => [purging, ...shown, NO_PURGE, purged(false)];
  const loses = (page: number, shown: readonly string[]) => [
    ...[...nothing(shown), ...nothing(shown)],
    ...[freeing(page, page + 2), free(page, 2), freeing(page + 2, page + 4), free(page + 2, 4)],
    ...[purging, ...shown, flush(page, page + 4), purge(page, page + 4, 1), purged(true)],
  ];
  const log = (shown: readonly string[]) => [
    ...nothing(shown),
    ...[0, 2, 4, 6].map((page) => alloc(page, 2)),
    ...[...loses(0, shown), ...loses(4, shown), OTHER],
  ];
  const shown = await judge(log(["k_decay: (decay_va_pool_node+0x0/0x1)"]), { release: "6.12" });
  expect(shown).toMatchObject({ mismatch: null, hint: null });
  expect(violatedIn(shown).map(([law]) => law)).toEqual(["purge-takes-all", "purge-takes-all"]);
  expect(await judge(log([]), { release: "6.12" })).toMatchObject({
    violated: 0,
    mismatch: expect.stringMatching(/2 of 2 purges count areas that touch as one/),
  });
});

test("Areas over areas in use violate no-overlap in holes, though the log is not of the release and these are no faults", async () => {
  const purgeOf = (page: number) => [
    ...[freeing(page, page + 2), free(page, 2), purging],
    ...[flush(page, page + 2), purge(page, page + 2, 1), purged(true)],
  ];
  const pages = Array.from({ length: 10 }, (_, nth) => nth);
  // One in two areas is freed, and ten are placed above.
  const passed = [
    ...[freeing(500, 501), purging, ...pages.flatMap((nth) => [alloc(4 * nth, 2), alloc(4 * nth + 2, 2)])],
    ...pages.flatMap((nth) => purgeOf(4 * nth)),
    ...pages.map((nth) => alloc(100 + nth)),
  ];
  const later = Array.from({ length: 2100 }, (_, nth) => onCpu(nth % 2, "k_vmap_ram: (f+0x0/0x1) count=1"));
  const over = [alloc(4, 3), OTHER];
  const before = await judge([...passed, ...over, ...later], { release: "6.8" });
  const after = await judge([...passed, ...later, ...over, ...later], { release: "6.8" });
  for (const report of [before, after]) {
    expect(report.mismatch).toMatch(/8 of \d+ placements pass over a hole/);
    expect(violatedIn(report).map(([law]) => law)).toEqual(["no-overlap"]);
    expect(report).toMatchObject({ violated: 1, violations: [{ more: 0 }] });
  }
});
