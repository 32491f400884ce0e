/** A report of `simulate` as text and as CSV. */
import type { Growth, SimulateReport } from "../../jobs/simulate.ts";
import { columns } from "../output.ts";

const whole = (value: number): string => Math.round(value).toLocaleString("en");
const percent = (value: number): string => `${value >= 0 ? "+" : ""}${(100 * value).toFixed(1)} %`;
const share = (value: number): string => `${(100 * value).toFixed(2)} %`;

export function simulatedText(report: SimulateReport): string {
  const { seedTable, variants, sensitivity, directory, growth, aliases, gather, interrupted } = report;
  if (seedTable.length === 0) return "Interrupted: nothing was computed so far.";
  return [
    ...(interrupted ? ["Interrupted: what was computed so far."] : []),
    tableText(report),
    ...(variants === undefined ? [] : [variantsText(variants)]),
    ...(sensitivity === undefined ? [] : [sensitivityText(sensitivity)]),
    ...(directory === undefined ? [] : [directoryText(directory)]),
    ...(growth === undefined ? [] : [growthText(growth)]),
    ...(aliases === undefined ? [] : [aliasesText(aliases)]),
    ...(gather === undefined ? [] : [gatherText(gather)]),
  ].join("\n\n");
}

function tableText({ machine, calibratedOn, seedTable, ratio, seed }: SimulateReport): string {
  const cell = (simulated: number, measured: number) => [
    whole(simulated),
    whole(measured),
    percent(simulated / measured - 1),
  ];
  const rows = seedTable.map(({ threads, before, after, measured }) => [
    String(threads),
    ...cell(before, measured.before),
    ...cell(after, measured.after),
  ]);
  const fitted = calibratedOn.length === 0 ? "on nothing here" : `on ${calibratedOn.join("; ")}`;
  return [
    "Nanoseconds for a map, touch and unmap of 4 pages: 2.6.27 (before) and 2.6.28 (after), simulated and measured in db64fe02.",
    `Machine: ${machine}. Costs calibrated ${fitted}. Seed ${seed}.`,
    "",
    columns([["threads", "before", "measured", "", "after", "measured", ""], ...rows]),
    ...(ratio === null
      ? []
      : ["", `At ${seedTable.at(-1)?.threads} threads 2.6.28 is ${ratio.toFixed(1)} times as fast.`]),
  ].join("\n");
}

function variantsText(variants: NonNullable<SimulateReport["variants"]>): string {
  const rows = variants.map(({ what, threads, before, after }) => [
    what,
    String(threads),
    before === null ? "" : whole(before),
    whole(after),
    before === null ? "" : (before / after).toFixed(1),
  ]);
  return `Other thresholds, pages and calls, in nanoseconds:\n\n${columns([["", "threads", "before", "after", "ratio"], ...rows])}`;
}

function sensitivityText(sensitivity: NonNullable<SimulateReport["sensitivity"]>): string {
  const rows = sensitivity.map(({ cost, nanoseconds, oneThreadBefore, before, after }) => [
    cost,
    whole(nanoseconds),
    ...[oneThreadBefore, before, after].map((factor) => percent(factor - 1)),
  ]);
  const head = ["cost", "ns", "before, 1 thread", "before, 8 threads", "after, 8 threads"];
  return `By how much the time of a call changes where one cost is doubled:\n\n${columns([head, ...rows])}`;
}

/** Functions of a profile that are shown. */
const MOST_FUNCTIONS = 12;

function directoryText({
  before,
  after,
  speedup,
  vmapAlone,
}: NonNullable<SimulateReport["directory"]>): string {
  const rows = Array.from({ length: MOST_FUNCTIONS }, (_none, nth) =>
    [before.shares[nth], after.shares[nth]].flatMap((each) =>
      each === undefined
        ? ["", "", ""]
        : [each.as, share(each.share), each.measured === null ? "" : share(each.measured)],
    ),
  );
  return [
    "A large directory on 64 CPUs: share of the time of all CPUs by function, simulated and in the profiles of db64fe02.",
    "",
    columns([["before", "", "measured", "after", "", "measured"], ...rows]),
    "",
    `After the rewrite ${speedup.toFixed(1)} times as many buffers; with nothing to do but map them, ${vmapAlone.toFixed(0)} times.`,
  ].join("\n");
}

function lawText({ law }: Growth): string {
  return law === null ? "" : `${law.exponent.toFixed(2)} ± ${law.error.toFixed(2)}`;
}

function growthText(growth: NonNullable<SimulateReport["growth"]>): string {
  const cpus = growth[0]?.points.map((point) => `${point.cpus}`) ?? [];
  const rows = growth.map((each) => [
    each.kernel,
    each.calls,
    ...each.points.map(({ nanoseconds }) => whole(nanoseconds)),
    lawText(each),
    each.knee === null ? "none" : `${each.knee.lock}, ${each.knee.cpus}`,
  ]);
  const head = ["kernel", "calls", ...cpus, "exponent", "saturated lock, from"];
  return `Nanoseconds of one thread, by the number of CPUs, each with a thread:\n\n${columns([head, ...rows])}`;
}

function aliasesText(aliases: NonNullable<SimulateReport["aliases"]>): string {
  const rows = aliases.map(({ policy, kernel, others, burst, live }) => [
    policy,
    kernel,
    others,
    whole(burst),
    whole(live),
  ]);
  const head = ["policy", "kernel", "other CPUs", "burst", "live"];
  return `Nanoseconds of a pinned frame on 8 CPUs, by the policy of docs/pinning.md:\n\n${columns([head, ...rows])}`;
}

function gatherText(gather: NonNullable<SimulateReport["gather"]>): string {
  const threads = [...new Set(gather.map((each) => each.threads))];
  const rows = [...new Set(gather.map(({ batch }) => batch))].map((batch) => {
    const own = gather.filter((each) => each.batch === batch);
    return [batch, String(own[0]?.flushes), ...own.map(({ nanosecondsAPage }) => whole(nanosecondsAPage))];
  });
  const head = ["gather", "flushes", ...threads.map(String)];
  return `munmap of 40 MiB of a process with threads on as many CPUs, in nanoseconds a page:\n\n${columns([head, ...rows])}`;
}

/** One line for each figure: part, what it is of, and nanoseconds, or a share of one. */
export function csvOf(report: SimulateReport): string {
  const { seedTable, variants, sensitivity, directory, growth, aliases, gather } = report;
  const lines: (readonly (string | number)[])[] = [["part", "kernel", "of", "cpus_or_threads", "value"]];
  for (const { threads, before, after } of seedTable) {
    lines.push(["table", "2.6.27", "loop", threads, before], ["table", "2.6.28", "loop", threads, after]);
  }
  for (const { what, threads, before, after } of variants ?? []) {
    if (before !== null) lines.push(["variants", "before", what, threads, before]);
    lines.push(["variants", "after", what, threads, after]);
  }
  for (const { cost, before, after } of sensitivity ?? []) {
    lines.push(["sensitivity", "2.6.27", cost, 8, before], ["sensitivity", "2.6.28", cost, 8, after]);
  }
  for (const side of ["before", "after"] as const) {
    for (const { as, share: value } of directory?.[side].shares ?? [])
      lines.push(["directory", side, as, 64, value]);
  }
  for (const { kernel, calls, points } of growth ?? []) {
    for (const { cpus, nanoseconds } of points) lines.push(["growth", kernel, calls, cpus, nanoseconds]);
  }
  for (const { policy, kernel, others, burst, live } of aliases ?? []) {
    lines.push(
      ["aliases", kernel, `${policy} burst ${others}`, 8, burst],
      ["aliases", kernel, `${policy} live ${others}`, 8, live],
    );
  }
  for (const { batch, threads, nanosecondsAPage } of gather ?? []) {
    lines.push(["gather", "", batch, threads, nanosecondsAPage]);
  }
  const field = (value: string | number) =>
    /[",\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value);
  return lines.map((line) => line.map(field).join(",")).join("\n");
}
