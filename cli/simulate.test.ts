/** `simulate` as it is typed: what it refuses, and the forms of its output. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { costPlot } from "../jobs/cost-plot.ts";
import { type SimulateReport, simulate } from "../jobs/simulate.ts";
import { elsewhere, vmapcheck } from "./running.testing.ts";
import { csvOf, simulatedText } from "./show/simulated.ts";

const REPORT: SimulateReport = {
  machine: "invented",
  calibratedOn: ["a figure"],
  seed: 1,
  seedTable: [
    { threads: 1, before: 14000, after: 2900, measured: { before: 14700, after: 2900 } },
    { threads: 8, before: 70000, after: 2800, measured: { before: 70631, after: 2900 } },
  ],
  ratio: 25,
  interrupted: false,
};
const GROWTH: NonNullable<SimulateReport["growth"]> = [
  {
    kernel: "2.6.27",
    calls: "vmap",
    points: [1, 4, 16].map((cpus) => ({
      cpus,
      nanoseconds: 1000 * cpus ** 2,
      busiest: "vmlist_lock",
      busy: 1,
    })),
    law: { exponent: 2, error: 0.01 },
    knee: { cpus: 4, lock: "vmlist_lock" },
  },
];

describe("the output", () => {
  test("as text names what it is calibrated on, and the ratio", () => {
    const text = simulatedText({ ...REPORT, growth: GROWTH });
    expect(text).toContain("Costs calibrated on a figure.");
    expect(text).toContain("At 8 threads 2.6.28 is 25.0 times as fast.");
    expect(text).toMatch(/2\.6\.27 +vmap .*2\.00 ± 0\.01 +vmlist_lock, 4/);
  });

  test("as CSV has one line for each figure", () => {
    expect(csvOf({ ...REPORT, growth: GROWTH }).split("\n")).toEqual([
      "part,kernel,of,cpus_or_threads,value",
      "table,2.6.27,loop,1,14000",
      "table,2.6.28,loop,1,2900",
      "table,2.6.27,loop,8,70000",
      "table,2.6.28,loop,8,2800",
      "growth,2.6.27,vmap,1,1000",
      "growth,2.6.27,vmap,4,16000",
      "growth,2.6.27,vmap,16,256000",
    ]);
  });

  test.each([
    ["the table", REPORT],
    ["growth", { ...REPORT, growth: GROWTH }],
    [
      "the directory",
      {
        ...REPORT,
        directory: {
          before: { rate: 1, interval: 9, shares: [{ as: "_write_lock", share: 0.6, measured: 0.59 }] },
          after: { rate: 9, interval: 1, shares: [{ as: "default_idle", share: 0.4, measured: null }] },
          speedup: 9,
          vmapAlone: 90,
        },
      },
    ],
  ])("as a picture is SVG that a dark page inverts: %s", (_what, report) => {
    const svg = costPlot(report);
    expect(svg).toMatch(/^<svg /);
    expect(svg).toContain("prefers-color-scheme: dark");
    expect(svg).not.toMatch(/NaN|undefined/);
  });
});

describe("Ctrl-C leaves out what was not computed, and the first line says so", () => {
  /** The report if it comes when this is about to be computed. */
  async function interruptedAt(what: string) {
    const controller = new AbortController();
    const say = (text: string) => {
      if (text === what) controller.abort();
    };
    return simulate({ parts: ["growth"], cpus: 1, signal: controller.signal, say });
  }

  test("in the first row of the table", async () => {
    const report = await interruptedAt("1 threads");
    expect(simulatedText(report)).toBe("Interrupted: nothing was computed so far.");
    expect(report).toMatchObject({ interrupted: true, seedTable: [], ratio: null });
    expect(csvOf(report)).toBe("part,kernel,of,cpus_or_threads,value");
  });

  test("in the second row", async () => {
    const report = await interruptedAt("2 threads");
    expect(report.seedTable.map(({ threads }) => threads)).toEqual([1]);
    const text = simulatedText(report);
    expect(text).toMatch(/^Interrupted: what was computed so far\.\n\nNanoseconds for a map/);
    expect(text).not.toMatch(/NaN|times as fast/);
  });

  test("within one point of growth, which is computed in turns", async () => {
    const controller = new AbortController();
    const said: string[] = [];
    const say = (text: string) => {
      said.push(text);
      // Not before this point is under way.
      const later = () => setImmediate(() => controller.abort());
      if (text === "2.6.27, vmap, 64 CPUs") setImmediate(later);
    };
    const report = await simulate({ parts: ["growth"], cpus: 256, signal: controller.signal, say });
    expect(report.interrupted).toBe(true);
    expect(said.at(-1)).toBe("2.6.27, vmap, 64 CPUs");
  });

  test("in the first line of growth", async () => {
    const report = await interruptedAt("2.6.27, vmap, 1 CPUs");
    expect(report).toMatchObject({ interrupted: true, seedTable: { length: 4 } });
    expect(report).not.toHaveProperty("growth");
    const text = simulatedText(report);
    expect(text).toMatch(/^Interrupted: /);
    expect(text).toMatch(/At 8 threads 2\.6\.28 is \d+\.\d times as fast\.$/);
  });
});

describe("bad usage ends with 2 and one line", () => {
  const file = join(elsewhere, "costs.json");
  writeFileSync(file, '{ "machine": "mine", "nanoseconds": { "flsh": 1 } }');

  test.each([
    ["a file of costs that is none", ["--costs", file], /costs\.json: nanoseconds: .*flsh/],
    ["an unknown part", ["growht"], /there is no part "growht"; did you mean growth\?/],
    ["a picture in no folder", ["--plot", join(elsewhere, "none", "a.svg")], /--plot .*a\.svg/],
    ["a picture in place of the costs", ["--plot", file, "--costs", file], /name the same file/],
    ["too many CPUs", ["--cpus", "5000"], /--cpus takes a whole number from 1 to 4096/],
  ])("%s", async (_what, words, says) => {
    const { code, out, err } = await vmapcheck("simulate", ...words);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatch(says);
    expect(err.trim().split("\n")).toHaveLength(1);
  });
});
