/** The beginnings of logs of whole kernels: nothing in them is violated, and much of them is judged. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { fileOf } from "../../adapters/complaints.testing.ts";
import {
  alloc,
  free,
  freeing,
  hexOf,
  judge,
  judgeLines,
  NO_PURGE,
  purge,
  violatedIn,
} from "./small-log.testing.ts";
import { type ValidateReport, validate } from "./validate.ts";

const FOLDER = fileURLToPath(new URL("../../adapters/vmap/logs/fixtures/", import.meta.url));
const LOGS = readdirSync(FOLDER).filter((name) => name.includes(".trace."));

const judgedIn = (report: ValidateReport, law: string) => report.laws.find(({ id }) => id === law);

describe("the log of a running kernel", () => {
  test.each(LOGS)("Nothing is violated in %s", async (name) => {
    const report = await validate(join(FOLDER, name));
    expect(report.violations).toEqual([]);
    expect(report.lines.strange).toBe(0);
    for (const law of ["in-window", "aligned", "no-overlap", "argument-domain", "flush-well-formed"])
      expect(judgedIn(report, law)?.judged).toBeGreaterThan(10);
  });

  test("Areas that purges report are as many as were freed, in some order of the events of four CPUs", async () => {
    const { purgeCounts, laws } = await validate(join(FOLDER, "6.12-smp4.trace.txt.gz"));
    expect(purgeCounts.match).toBeGreaterThan(5);
    expect(purgeCounts).toMatchObject({ fewer: 0, more: 0 });
    expect(laws.find(({ id }) => id === "lazy-count")?.judged).toBeGreaterThan(100);
  });

  test("With one node every area of a page's alignment lies in the lowest hole", async () => {
    const { fits } = await validate(join(FOLDER, "6.5-686.trace.txt.gz"));
    expect(fits.exact).toBeGreaterThan(100);
    expect(fits.other).toBe(0);
  });

  test.each(LOGS)("Each law of %s is judged, or the report says why not", async (name) => {
    const { laws } = await validate(join(FOLDER, name));
    for (const { id, judged, violated, why } of laws)
      expect([id, judged + violated > 0], why ?? "").toEqual([id, why === null]);
  });

  test("Reuse is judged where a purge came between, and the laws of the search say what pools hide", async () => {
    const { laws } = await validate(join(FOLDER, "6.5-686.trace.txt.gz"));
    expect(laws.find(({ id }) => id === "flush-before-reuse")?.judged).toBeGreaterThan(100);
    const pooled = await validate(join(FOLDER, "7.2-smp4.trace.txt.gz"), { release: "7.2" });
    expect(judgedIn(pooled, "lowest-fit-at-a-page")).toMatchObject({
      judged: 0,
      why: "what looks free may lie in the pools of nodes",
    });
  });

  test("After lost events laws are blind, and say why", async () => {
    const report = await validate(join(FOLDER, "6.12-smp2-lost.trace.txt.gz"));
    expect(report.lost.events).toBeGreaterThan(100);
    expect(judgedIn(report, "no-overlap")?.blind).toHaveProperty(["events were lost"]);
  });

  test("A reading of vmallocinfo before a log gives the areas that were there", async () => {
    const log = join(FOLDER, "6.12-smp4-counter.trace.txt.gz");
    const vmallocinfo = join(FOLDER, "6.12-smp4-counter.vmallocinfo.txt.gz");
    const [blind, sighted] = [await validate(log), await validate(log, { vmallocinfo })];
    expect(sighted).toMatchObject({ violated: 0, end: null });
    expect(sighted.peak.areas).toBeGreaterThan(blind.peak.areas);
  });
});

describe("a reading of another machine", () => {
  /** Areas of a page, each two pages after the one before, from an address. */
  const reading = (from: bigint, areas: number) => {
    const hex = (address: bigint) => `0x${address.toString(16)}`;
    const lines = Array.from({ length: areas }, (_, nth) => {
      const start = from + BigInt(nth) * 8192n;
      return `${hex(start)}-${hex(start + 4096n)} 4096 a vmalloc\n`;
    });
    return fileOf(lines.join(""), ".txt");
  };
  /** The first area is freed, so that frees are seen; a mark says when the reading was made. */
  const judged = (areas: number, vmallocinfo: string) =>
    judge(
      [
        alloc(2 * areas),
        ...Array.from({ length: areas }, (_, nth) => alloc(2 * nth)),
        free(2 * areas, 1),
        "tracing_mark_write: snap: begin vmallocinfo",
      ],
      { vmallocinfo },
    );

  test("is refused where its words have another size", async () => {
    const one = reading(0xf8a00000n, 1);
    await expect(judged(1, one)).rejects.toThrow(
      /^--vmallocinfo \S+ is no reading of the machine of \S+: it has addresses of 32 bits, and the log has 64$/,
    );
  });

  test("is not seen in one address of another size, which is what is wrong", async () => {
    const text = gunzipSync(readFileSync(join(FOLDER, "6.5-686.trace.txt.gz"))).toString();
    const moved = fileOf(text.replace("va_start: 4223655936 ", "va_start: 18446683600570023936 "), ".txt");
    const report = await validate(moved, { vmallocinfo: reading(0xf8a00000n, 1) });
    expect(report.violations.map(({ law }) => law)).toContain("in-window");
  });

  test("is refused where it has none of the areas that the log leaves, if these are many", async () => {
    const other = reading(BigInt(hexOf(4096)), 16);
    await expect(judged(16, other)).rejects.toThrow("it has none of the 16 areas that the log leaves in use");
    expect((await judged(15, other)).violated).toBe(15);
    const oneInCommon = reading(BigInt(hexOf(0)) + 15n * 8192n, 16);
    expect((await judged(16, oneInCommon)).violated).toBe(15);
    expect(await judged(16, reading(BigInt(hexOf(0)), 16))).toMatchObject({
      violated: 0,
      end: { common: 16 },
    });
  });
});

describe("a small log", () => {
  const at = (line: number, body: string, cpu = 0, task = 100 + cpu) =>
    `task-${task} [00${cpu}] ..... 1.00000${line}: ${body}`;

  test("no-overlap is violated by an area over one in use, in the line that places it", async () => {
    const report = await judgeLines([
      at(1, freeing(50, 51)),
      at(2, alloc(0, 4)),
      at(3, alloc(2, 4)),
      at(4, alloc(9)),
    ]);
    expect(violatedIn(report)).toEqual([["no-overlap", 3]]);
  });

  test("flush-before-reuse is violated if the next purge does not cover what was placed again", async () => {
    const report = await judgeLines([
      at(1, alloc(0, 4)),
      at(2, free(0, 4)),
      at(3, alloc(0, 4)),
      at(4, purge(8, 9, 1)),
      at(5, alloc(9)),
    ]);
    expect(violatedIn(report)).toContainEqual(["flush-before-reuse", 3]);
  });

  test("flush-before-reuse is kept if the purge that allowed it is reported afterwards", async () => {
    const report = await judgeLines([
      at(1, alloc(0, 4)),
      at(2, free(0, 4)),
      at(3, alloc(0, 4)),
      at(4, purge(0, 4, 1)),
      at(5, alloc(9)),
    ]);
    expect(violatedIn(report)).toEqual([]);
  });

  test("lazy-count is violated by a free that nothing shows", async () => {
    const report = await judgeLines([
      at(1, alloc(0, 4)),
      at(2, alloc(4, 4)),
      at(3, NO_PURGE),
      at(4, NO_PURGE),
      at(5, NO_PURGE),
      at(6, freeing(0, 4)),
      at(7, free(0, 9)),
      at(8, alloc(9)),
    ]);
    expect(violatedIn(report)).toEqual([["lazy-count", 7]]);
  });

  test.each([1, 2])(
    "Two areas are freed while a purge begins, and both are placed again: of %i that it took",
    async (taken) => {
      // The frees run while the purge takes the lists: it may take either, or both.
      const report = await judgeLines(
        [
          at(1, alloc(0, 4)),
          at(2, alloc(4, 4), 1),
          at(3, NO_PURGE),
          at(3, NO_PURGE),
          at(3, NO_PURGE),
          `task-9 [003] ..... 1.000004: k_purge: (f+0x0/0x1) start=0xffffffffffffffff end=0x0 full=0x0`,
          at(5, freeing(0, 4), 1),
          at(6, freeing(4, 8), 2),
          `task-9 [003] ..... 1.000007: k_tlb: (f+0x0/0x1) start=${hexOf(0)} end=${hexOf(8)}`,
          `task-9 [003] ..... 1.000008: purge_vmap_area_lazy: start=${hexOf(0)} end=${hexOf(8)} num_purged=${taken}`,
          `task-101 [001] ..... 1.000020: ${free(0, 4)}`,
          `task-102 [002] ..... 1.000021: ${free(4, 8)}`,
          `task-103 [000] ..... 1.000022: ${alloc(0, 4)}`,
          `task-103 [000] ..... 1.000023: ${alloc(4, 4)}`,
          `task-103 [000] ..... 1.000024: ${alloc(9)}`,
          `task-101 [001] ..... 1.000025: ${alloc(10)}`,
          `task-102 [002] ..... 1.000026: ${alloc(11)}`,
          `task-9 [003] ..... 1.000027: ${alloc(12)}`,
        ],
        { release: "6.12" },
      );
      expect(violatedIn(report)).toEqual(taken === 1 ? [["flush-before-reuse", 14]] : []);
    },
  );

  test("purge-takes-all is violated by a purge that finds nothing where something was freed", async () => {
    const report = await judgeLines([
      at(1, alloc(0)),
      at(2, NO_PURGE),
      at(3, freeing(0, 1)),
      at(4, free(0, 1)),
      at(5, alloc(7), 0, 7),
      at(6, NO_PURGE),
      at(7, NO_PURGE),
      at(8, alloc(9)),
    ]);
    expect(violatedIn(report)).toContainEqual(["purge-takes-all", 7]);
  });

  test("argument-domain is violated by a second free", async () => {
    const report = await judgeLines([at(1, alloc(0)), at(2, free(0, 1)), at(3, free(0, 2)), at(4, alloc(9))]);
    expect(violatedIn(report)).toContainEqual(["argument-domain", 3]);
  });

  test("in-window and aligned are violated by an address outside the window, inside a page", async () => {
    const outside = alloc(0).replace(String(0xffffd58480000000n), "4097");
    const report = await judgeLines([at(1, alloc(0)), at(2, outside), at(3, alloc(9))]);
    expect(violatedIn(report)).toEqual([
      ["in-window", 2],
      ["aligned", 2],
    ]);
  });

  test("Two events with one time on two CPUs may have come in either order", async () => {
    const lines = (time: string) => [
      at(1, freeing(50, 51)),
      at(2, alloc(0, 4)),
      at(3, NO_PURGE),
      `task-100 [000] ..... 1.000009: ${alloc(0, 4)}`,
      `task-101 [001] ..... ${time}: ${freeing(0, 4)}`,
      `task-101 [001] ..... 1.000020: ${free(0, 4)}`,
      `task-102 [001] ..... 1.000021: ${purge(0, 51, 2)}`,
      `task-100 [000] ..... 1.000022: ${alloc(9)}`,
    ];
    expect(violatedIn(await judgeLines(lines("1.000009")))).toEqual([]);
    expect(violatedIn(await judgeLines(lines("1.000010")))).toContainEqual(["no-overlap", 4]);
  });

  test("Between the last event of a CPU and its lost ones nothing is an accusation", async () => {
    const lines = (lost: readonly string[]) => [
      at(1, freeing(50, 51)),
      at(2, alloc(0, 4)),
      at(3, alloc(7), 1),
      at(4, alloc(2, 4)),
      ...lost,
      at(6, alloc(9), 1),
      at(7, alloc(10), 0),
    ];
    expect(violatedIn(await judgeLines(lines(["CPU:1 [LOST 5 EVENTS]"])))).toEqual([]);
    expect(violatedIn(await judgeLines(lines([])))).toEqual([["no-overlap", 4]]);
  });

  test.each([
    ["a CPU that printed since", "CPU:1 [LOST 5 EVENTS]", 5, 1, "#"],
    ["a CPU that printed nothing before", "CPU:3 [LOST 5 EVENTS]", 4, 0, "#"],
    ["a CPU that is not named, of two that printed", "PERF_RECORD_LOST lost 5", 5, 1, "# #P:2"],
    ["a CPU that is not named, of four, two of which printed", "PERF_RECORD_LOST lost 5", 4, 0, "# #P:4"],
    ["a CPU that is not named, of four by trace-cmd", "PERF_RECORD_LOST lost 5", 4, 0, "cpus=4"],
    ["a CPU that is not named, of two by perf", "PERF_RECORD_LOST lost 5", 5, 1, "# nrcpus online : 2"],
    ["a CPU that is not named, of a number that is not known", "PERF_RECORD_LOST lost 5", 4, 0, "#"],
    ["a CPU that perf names", "perf 7 [001] 1.000005: PERF_RECORD_LOST lost 5", 5, 1, "#"],
    [
      "a CPU that perf names, and that printed nothing before",
      "perf 7 [003] 1.000005: PERF_RECORD_LOST lost 5",
      4,
      0,
      "#",
    ],
  ])(
    "A loss of %s leaves a violation before it, or withdraws it",
    async (_whose, lost, judged, violated, head) => {
      const before = [at(1, freeing(50, 51)), at(2, alloc(0, 4)), at(3, alloc(7), 1), at(4, alloc(2, 4))];
      const report = await judgeLines([head, ...before, at(5, alloc(9), 1), lost, at(6, alloc(10), 1)]);
      expect(judgedIn(report, "no-overlap")).toMatchObject({
        judged,
        violated,
        blind: violated > 0 ? {} : { "events were lost": 1 },
      });
    },
  );
});
