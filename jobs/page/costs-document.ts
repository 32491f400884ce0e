/** What laziness costs, for the page: one part of a simulation, as tables and as a picture. */
import { costPlot } from "../cost-plot.ts";
import { PARTS, type SimulateReport, simulate } from "../simulate.ts";
import { UsageError } from "../usage-error.ts";
import type { Watch } from "../work.ts";
import type { CostsDocument, CostsTable } from "./documents.ts";

/** More CPUs take longer than a reader of the page waits. */
const MOST_CPUS = 256;
const USUAL_CPUS = 64;

export async function costsDocument(
  part: string | undefined,
  cpus: string | undefined,
  watch: Watch,
): Promise<CostsDocument> {
  const asked = part ?? "table";
  if (!PARTS.some((each) => each === asked))
    throw new UsageError(`there is no part ${JSON.stringify(asked)}`);
  const most = cpus === undefined ? USUAL_CPUS : Number(cpus);
  if (!Number.isInteger(most) || most < 1 || most > MOST_CPUS)
    throw new UsageError(`cpus takes a whole number from 1 to ${MOST_CPUS}`);
  const report = await simulate({ parts: asked === "table" ? [] : [asked], cpus: most, ...watch });
  const hasPlot = ["table", "growth", "directory"].includes(asked);
  return {
    kind: "costs",
    part: asked,
    parts: [...PARTS],
    cpus: most,
    machine: report.machine,
    tables: tablesOf(report),
    plot: hasPlot && !report.interrupted ? costPlot(report) : null,
  };
}

const whole = (value: number | null) => (value === null ? "-" : Math.round(value).toLocaleString("en"));

function tablesOf(report: SimulateReport): readonly CostsTable[] {
  const { seedTable, variants, sensitivity, directory, growth, aliases, gather } = report;
  const table = (
    title: string,
    head: readonly string[],
    rows: readonly (readonly string[])[],
  ): CostsTable => ({
    title,
    head,
    rows,
  });
  return [
    table(
      "A map, touch and unmap of 4 pages, in nanoseconds: simulated, and measured in 2008",
      ["threads", "2.6.27", "measured", "2.6.28", "measured"],
      seedTable.map(({ threads, before, after, measured }) =>
        [threads, before, measured.before, after, measured.after].map(whole),
      ),
    ),
    ...(variants === undefined
      ? []
      : [
          table(
            "Variants",
            ["what", "threads", "before", "after"],
            variants.map(({ what, threads, before, after }) => [
              what,
              String(threads),
              whole(before),
              whole(after),
            ]),
          ),
        ]),
    ...(sensitivity === undefined
      ? []
      : [
          table(
            "Where one cost is twice as large: the factor of each cell",
            ["cost", "ns", "1 thread before", "before", "after"],
            sensitivity.map(({ cost, nanoseconds, oneThreadBefore, before, after }) => [
              cost,
              whole(nanoseconds),
              ...[oneThreadBefore, before, after].map((each) => each.toFixed(2)),
            ]),
          ),
        ]),
    ...(directory === undefined
      ? []
      : [
          table(
            "Shares of the time of all CPUs",
            ["function", "2.6.27", "2.6.28"],
            directory.before.shares.map(({ as, share }) => [
              as,
              `${(100 * share).toFixed(1)} %`,
              `${(100 * (directory.after.shares.find((each) => each.as === as)?.share ?? 0)).toFixed(1)} %`,
            ]),
          ),
        ]),
    ...(growth === undefined
      ? []
      : [
          table(
            "Nanoseconds of a call on more and more CPUs",
            [
              "release, calls",
              ...(growth[0]?.points ?? []).map(({ cpus }) => `${cpus}`),
              "a lock is saturated at",
            ],
            growth.map(({ kernel, calls, points, knee }) => [
              `${kernel}, ${calls}`,
              ...points.map(({ nanoseconds }) => whole(nanoseconds)),
              knee === null ? "-" : `${knee.cpus}: ${knee.lock}`,
            ]),
          ),
        ]),
    ...(aliases === undefined ? [] : [table("Pins", ...columnsOf(aliases))]),
    ...(gather === undefined ? [] : [table("Gathers", ...columnsOf(gather))]),
  ];
}

/** A table of records by their own fields. */
function columnsOf(
  records: readonly object[],
): [head: readonly string[], rows: readonly (readonly string[])[]] {
  const head = Object.keys(records[0] ?? {});
  const text = (value: unknown) => (typeof value === "number" ? whole(value) : String(value ?? "-"));
  return [head, records.map((record) => Object.values(record).map(text))];
}
