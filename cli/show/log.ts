/** A judged log as text: its time line on one screen, then what was violated. */
import type { JudgedLaw, ValidateReport } from "../../jobs/logs/validate.ts";
import type { FoundViolation } from "../../properties/vmap/log/account.ts";
import type { Area } from "../../properties/vmap/log/area.ts";
import type { EndState } from "../../properties/vmap/log/end-state.ts";
import { LOG_LAWS } from "../../properties/vmap/log/laws.ts";
import type { Sample, WindowState } from "../../properties/vmap/log/time-line.ts";
import { hex, hexOfPage } from "../../properties/vmap/log/window.ts";
import { pc } from "../colour.ts";
import { columns } from "../output.ts";
import { areaRow, drawMap, letterFor, pagesAround } from "./map.ts";
import { counted } from "./text.ts";

/** Violations that are shown; their number is always reported. */
const MOST_SHOWN = 10;
const BARS = "▁▂▃▄▅▆▇█";
const BAR_COLUMNS = 48;

export function logText(report: ValidateReport): string {
  const { violated, violations, interrupted, end, mismatch, release } = report;
  const until = interrupted ? " so far" : "";
  return [
    `${verdictOf(report)}${until}: ${pc.bold(report.file)}, ${report.seconds.toFixed(1)} s`,
    ...(mismatch === null
      ? []
      : [`  ${mismatch}\n  Judged without --release ${release}, whose rules it contradicts.`]),
    aboutText(report),
    timeLineText(report),
    windowsText(report.windows),
    lawsText(report.laws),
    fitsText(report),
    ...(end === null ? [] : [endText(end)]),
    ...violations.slice(0, MOST_SHOWN).map(violationText),
    ...(violated > MOST_SHOWN
      ? [`and ${violated - MOST_SHOWN} more: --json has up to ${violations.length}`]
      : []),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

function verdictOf({ violated, violations, mismatch, release }: ValidateReport): string {
  const [first] = violations.toSorted((a, b) => a.line - b.line);
  const where = first && `${violated > 1 ? ", first" : ""} of ${first.law} in line ${first.line}`;
  if (violated > 0) return `${pc.red(counted(violated, "violation"))}${where ?? ""}`;
  return mismatch === null ? pc.green("Nothing violated") : pc.red(`Not ${release}`);
}

/** Of several logs: which of them violate a law, before any is shown. */
export function logsText(reports: readonly ValidateReport[]): string {
  const bad = reports.filter(({ violated, mismatch }) => violated > 0 || mismatch !== null);
  const all = counted(reports.length, "log");
  if (bad.length === 0) return `${pc.green("Nothing violated")} in ${all}`;
  const names = bad.map((report) => `  ${report.file}: ${verdictOf(report)}`);
  return [`${pc.red("Violated")} in ${bad.length} of ${all}:`, ...names].join("\n");
}

const many = (count: number) => Math.round(count).toLocaleString("en");

function aboutText({ facts, lines, lost, span, release, mismatch, hint }: ValidateReport): string {
  const time = facts.clock === "counter" ? `${many(span)} ticks` : `${(span / 1e6).toFixed(1)} s`;
  const losses =
    lost.times === 0 ? "" : pc.yellow(`, ${many(lost.events)} events lost in ${counted(lost.times, "gap")}`);
  const others = lines.others === 0 ? "" : `, ${many(lines.others)} others`;
  const strange =
    lines.strange === 0 ? "" : pc.yellow(`, ${counted(lines.strange, "line")} without an event`);
  const doubt = hint === null ? "" : pc.yellow(` (but ${hint})`);
  const version = release === null || mismatch !== null ? "" : `, as ${release}${doubt}`;
  return `  ${many(lines.events)} events in ${time}${others}${strange}${losses}; ${counted(facts.cpus, "CPU")}, ${facts.bits} bits${version}`;
}

function timeLineText({ samples, totals, peak, callers }: ValidateReport): string {
  const row = (label: string, of: (sample: Sample) => number, isSum: boolean, says: string) => [
    `  ${label}`,
    bars(samples, of, isSum),
    says,
  ];
  const refused = totals.failed === 0 ? "" : `, ${many(totals.failed)} attempts refused`;
  const limit = peak.lazyMost === null ? "" : ` of ${many(peak.lazyMost)}`;
  const rows = [
    row("allocations", ({ allocated }) => allocated, true, `${many(totals.allocated)}${refused}`),
    row("frees", ({ freed }) => freed, true, many(totals.freed)),
    row(
      "purges",
      ({ purgesOfAreas }) => purgesOfAreas,
      true,
      `${many(totals.purgesOfAreas)}, ${many(totals.purges - totals.purgesOfAreas)} of nothing`,
    ),
    row("lazy pages", ({ lazyPages }) => lazyPages, false, `at most ${many(peak.lazyPages)}${limit}`),
    row("live pages", ({ livePages }) => livePages, false, many(samples.at(-1)?.livePages ?? 0)),
    row("areas", ({ areas }) => areas, false, `at most ${many(peak.areas)}`),
  ];
  const busiest = callers.slice(0, 5).map(({ name, allocations }) => `${name} ${many(allocations)}`);
  return `${columns(rows)}\n${pc.dim(`  asked most: ${busiest.join(", ")}`)}`;
}

/** A bar for each stretch of time. */
function bars(samples: readonly Sample[], of: (sample: Sample) => number, isSum: boolean): string {
  const [first, last] = [samples[0]?.time ?? 0, samples.at(-1)?.time ?? 0];
  const sums = new Array<number>(BAR_COLUMNS).fill(0);
  const counts = new Array<number>(BAR_COLUMNS).fill(0);
  for (const sample of samples) {
    const column = Math.min(
      BAR_COLUMNS - 1,
      Math.floor(((sample.time - first) / Math.max(1, last - first)) * BAR_COLUMNS),
    );
    sums[column] = (sums[column] as number) + of(sample);
    counts[column] = (counts[column] as number) + 1;
  }
  let level = 0;
  const values = sums.map((sum, column) => {
    const count = counts[column] as number;
    if (isSum) return sum;
    // Between two samples nothing changes.
    if (count > 0) level = sum / count;
    return level;
  });
  const most = Math.max(...values);
  return values
    .map((value) => (value === 0 || most === 0 ? " " : BARS[Math.min(7, Math.floor((value / most) * 8))]))
    .join("");
}

function windowsText(windows: readonly WindowState[]): string {
  if (windows.length === 0) return "";
  const lines = windows.map((window) => {
    const { vstart, vend, areas, livePages, lazyPages, holes, largestHole, fragmentation } = window;
    const free =
      largestHole === undefined
        ? "no hole"
        : `${counted(holes, "hole")} of at most ${many(largestHole.end - largestHole.start)}, fragmentation ${(100 * fragmentation).toFixed(0)} %`;
    return `  ${hex({ start: vstart, end: vend })}: ${counted(areas, "area")}, pages ${many(livePages)} live, ${many(lazyPages)} lazy, ${free}`;
  });
  return lines.join("\n");
}

function lawsText(laws: readonly JudgedLaw[]): string {
  const sum = (counts: Readonly<Record<string, number>>) =>
    Object.values(counts).reduce((all, one) => all + one, 0);
  const reasons = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .sort(([, a], [, b]) => b - a)
      .map(([why]) => why)
      .join("; ");
  const rows = laws.map(({ id, judged, violated, more, undecided, blind, why }) => [
    `  ${id}`,
    many(judged),
    violated > 0 ? pc.red(many(violated)) : "0",
    many(more),
    many(sum(undecided)),
    many(sum(blind)),
    pc.dim(reasons({ ...undecided, ...blind }) || (why ?? "")),
  ]);
  return columns([["  law", "judged", "violated", "more", "undecided", "blind", ""], ...rows]);
}

function fitsText({ fits, purgeCounts }: ValidateReport): string {
  const { exact, other, alignedExact, alignedBounded, alignedOther } = fits;
  const lines: string[] = [];
  if (exact + other > 0)
    lines.push(`  first fit, up to a page's alignment: ${rate(exact, exact + other)} in the lowest hole`);
  const aligned = alignedExact + alignedBounded + alignedOther;
  if (aligned > 0)
    lines.push(
      `  first fit, larger alignments: ${rate(alignedExact, aligned)} in the lowest hole, ${many(alignedBounded)} no higher than the lowest roomy one, ${many(alignedOther)} higher`,
    );
  const { match, fewer, more } = purgeCounts;
  if (match + fewer + more > 0)
    lines.push(
      `  areas that purges report: ${rate(match, match + fewer + more)} as many as were freed, ${many(fewer)} fewer, ${many(more)} more`,
    );
  return lines.join("\n");
}

const rate = (part: number, all: number) => `${many(part)} of ${many(all)}`;

function endText({ snapshot, log, common, sameSize, onlySnapshot, onlyLog }: EndState): string {
  const perhaps = log.perhapsLazy > 0 ? `, ${log.perhapsLazy} more perhaps purged` : "";
  const lines = [
    `  /proc/vmallocinfo has ${counted(snapshot.live, "area")} in use and ${snapshot.lazy} lazy; the log leaves ${log.live} in use and ${log.lazy} lazy${perhaps}`,
    `  ${counted(common, "area")} in both, ${sameSize} of the same size`,
  ];
  for (const [what, differences] of [
    ["only in /proc/vmallocinfo", onlySnapshot],
    ["only in the log", onlyLog],
  ] as const) {
    const reasons = new Map<string, number>();
    for (const { why = pc.red("not explained") } of differences)
      reasons.set(why, (reasons.get(why) ?? 0) + 1);
    for (const [why, count] of reasons) lines.push(`  ${count} ${what}: ${why}`);
  }
  return lines.join("\n");
}

function violationText(violation: FoundViolation): string {
  const { law, line, says, areas, around, events, more, moreByLaw } = violation;
  const sentence = LOG_LAWS.find(({ id }) => id === law)?.says ?? "";
  const lines = [
    `${pc.red(law)}  line ${line}: ${says}`,
    pc.dim(`  ${sentence}`),
    ...events
      .filter((each, at) => events.findIndex((other) => other.line === each.line) === at)
      .map((each) => `  line ${each.line}: ${each.name}, CPU ${each.cpu}, ${timeText(each.time)}`),
  ];
  const all = [...areas, ...around].sort((a, b) => a.start - b.start);
  if (all.length > 0) lines.push(...mapText(all));
  const laws = Object.entries(moreByLaw).map(([id, count]) => `${id} ${many(count)}`);
  if (more > 0) lines.push(`  and ${many(more)} that follow from it: ${laws.join(", ")}`);
  return lines.join("\n");
}

const timeText = (time: number) => `${(time / 1e6).toFixed(6)} s`;

function mapText(all: readonly Area[]): readonly string[] {
  const drawn = all.map((area, at) => ({
    start: area.start,
    end: area.end,
    letter: letterFor(at),
    lazy: area.freed !== undefined,
  }));
  const legend = all.map((area, at) => {
    const life = area.freed === undefined ? "in use" : "lazy";
    return `  ${letterFor(at)} ${hexOfPage(area.start)}, ${counted(area.end - area.start, "page")}, ${life}, ${area.caller ?? area.name}`;
  });
  return [...drawMap([areaRow(drawn)], pagesAround(drawn, 2 ** 52).slice(0, 96)), ...legend];
}
