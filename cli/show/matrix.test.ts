/** The matrix is headed by what was asked for, and its legend says which labels of a column answer otherwise outside. */
import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import type { KernelReport } from "../../jobs/check/kernel.ts";
import type { StepColumn } from "../../jobs/check/step-columns.ts";
import { kernelNamed } from "../../jobs/names.ts";
import { factsOf, type VersionFacts } from "../../jobs/versions.ts";
import { VMAP } from "../../jobs/vmap/wing.ts";
import { legend, matrix } from "./matrix.ts";
import { stepLegend } from "./step-matrix.ts";

const reportOf = (name: string) =>
  ({ wing: VMAP, kernel: kernelNamed(name), cells: [] }) as unknown as KernelReport;
const headOf = (text: string) => stripVTControlCharacters(text).trim();

test("a column is headed by the version that was asked for, where one kernel stands for it", () => {
  const facts = [factsOf("6.6") as VersionFacts];
  expect(headOf(matrix([reportOf("6.6")], facts))).toBe("6.6");
  expect(headOf(matrix([reportOf("6.6")]))).toBe("6.5");
  const both = [factsOf("5.3") as VersionFacts];
  expect(headOf(matrix([reportOf("5.2"), reportOf("5.10")], both))).toMatch(/^5\.2 +5\.10$/);
});

test("the legend names the labels that answer otherwise outside the domain", () => {
  expect(legend([reportOf("4.15.0"), reportOf("3.1")])).toContain(
    "calls outside their domain are answered otherwise by 4.19, 5.0.1, 3.9, 3.10.4: check 4.19",
  );
  expect(legend([reportOf("6.5")])).not.toContain("otherwise");
});

const starred = (law: string, bug: string, commands = 3) =>
  ({
    law,
    verdict: "broken",
    tried: "random",
    bug,
    alike: [],
    commands,
    replay: null,
    bugs: [],
  }) as const;

test("the legend explains a cell by one that is shown, and none where bugs have no numbers", () => {
  const wrap = starred("no-overlap", "va-no-wrap-check", 1);
  const lines = (...cells: KernelReport["cells"]) => legend([{ ...reportOf("2.6.28"), cells }]).split("\n");
  expect(lines(wrap)).toContain("A4 in 1, for one: bug A4 violates it in 1 command");
  expect(lines(starred("finds-areas", "va-retry-once")).join()).not.toContain("for one");
});

test("the legend names the bug that each star stands for, with its laws", () => {
  const cells = [
    starred("finds-areas", "va-retry-once"),
    starred("argument-domain", "vfree-unlinks-any"),
    starred("no-bug", "va-retry-once"),
    starred("lowest-fit", "cache-exact-hole-missed"),
  ];
  const lines = legend([{ ...reportOf("6.5"), cells }]).split("\n");
  expect(lines).toContain(
    "*: a bug without a number: va-retry-once (finds-areas, no-bug), vfree-unlinks-any (argument-domain)",
  );
  expect(legend([{ ...reportOf("6.5"), cells: cells.slice(3) }])).not.toContain("*");
  const cell = { law: "no-bug", verdict: "broken", breaks: [{ law: "no-bug", bug: "va-retry-once" }] };
  expect(
    stepLegend([{ name: "6.5", without: [], cells: [cell] }] as unknown as readonly StepColumn[]),
  ).toContain("*: a bug without a number: va-retry-once (no-bug)");
});
