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
            `Shares of the time of 64 CPUs in a large directory: ${directory.speedup.toFixed(1)} times as many buffers after`,
            ["function", "2.6.27", "profile of 2008", "2.6.28", "profile of 2008"],
            sharesOf(directory),
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
              "exponent",
              "a lock is saturated at",
            ],
            growth.map(({ kernel, calls, points, law, knee }) => [
              `${kernel}, ${calls}`,
              ...points.map(({ nanoseconds }) => whole(nanoseconds)),
              law === null ? "-" : `${law.exponent.toFixed(2)} ± ${law.error.toFixed(2)}`,
              knee === null ? "-" : `${knee.cpus}: ${knee.lock}`,
            ]),
          ),
        ]),
    ...(aliases === undefined
      ? []
      : [
          table(
            "Nanoseconds of a pinned frame on 8 CPUs: in the burst of a new process, and later",
            ["policy, kernel", "other CPUs", "burst", "live"],
            aliases.map(({ policy, kernel, others, burst, live }) => [
              `${policy}, ${kernel}`,
              others,
              whole(burst),
              whole(live),
            ]),
          ),
        ]),
    ...(gather === undefined ? [] : [munmapTable(gather)]),
  ];
}

/** Functions that take more than this of the time, before or after, or stand in a profile. */
const LEAST_SHARE = 0.0005;

function sharesOf({
  before,
  after,
}: NonNullable<SimulateReport["directory"]>): readonly (readonly string[])[] {
  const percent = (share: number | null | undefined) =>
    share === null || share === undefined ? "-" : `${(100 * share).toFixed(2)} %`;
  const names = [...before.shares, ...after.shares]
    .filter(({ share, measured }) => share >= LEAST_SHARE || measured !== null)
    .map(({ as }) => as);
  return [...new Set(names)].map((as) => [
    as,
    ...[before, after].flatMap(({ shares }) => {
      const own = shares.find((each) => each.as === as);
      return [percent(own?.share), percent(own?.measured)];
    }),
  ]);
}

function munmapTable(gather: NonNullable<SimulateReport["gather"]>): CostsTable {
  const threads = [...new Set(gather.map((each) => each.threads))];
  return {
    title: "munmap of 40 MiB of a process with a thread on each CPU, by their number: nanoseconds a page",
    head: ["gather", "flushes", ...threads.map(String)],
    rows: [...new Set(gather.map(({ batch }) => batch))].map((batch) => {
      const own = gather.filter((each) => each.batch === batch);
      return [
        batch,
        whole(own[0]?.flushes ?? 0),
        ...own.map(({ nanosecondsAPage }) => whole(nanosecondsAPage)),
      ];
    }),
  };
}
