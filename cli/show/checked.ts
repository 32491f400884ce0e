/** The result of a check as text: the verdict in one line, the matrix, and details on request. */
import { type CheckReport, unexpected, violations } from "../../jobs/check/check.ts";
import { type Cell, type KernelReport, USUAL_RUNS } from "../../jobs/check/kernel.ts";
import { lineageOf } from "../../jobs/hunt-target.ts";
import { toolLine } from "../../jobs/names.ts";
import type { TreeFacts } from "../../jobs/trees/trees.ts";
import { factsText, shortName } from "../../jobs/versions.ts";
import { bugOf } from "../../jobs/wings.ts";
import { pc } from "../colour.ts";
import { columns } from "../output.ts";
import { contextsText } from "./contexts.ts";
import { coverageText, visitedText } from "./coverage.ts";
import { failureText } from "./failure.ts";
import { interleavedSummary, interleavedText } from "./interleaved.ts";
import { legend, matrix } from "./matrix.ts";
import { stepLegend, stepMatrix, stepRows } from "./step-matrix.ts";
import { counted } from "./text.ts";

export function checkedText(
  checked: CheckReport,
  { details, coverage }: { readonly details: boolean; readonly coverage: boolean },
): string {
  const { reports, facts, trees, contexts, steps } = checked;
  const parts = [verdictLine(checked), ...trees.map(treeText), ...facts.map(factsText)];
  for (const [nth, same] of byWing(reports).entries()) {
    if (nth > 0) parts.push(pc.bold(same[0]?.wing.name ?? ""));
    parts.push(matrix(same, facts), pc.dim(legend(same)));
  }
  parts.push(...notes(checked));
  parts.push(...interleavedParts(checked), ...reports.flatMap(lineageLines), ...contexts.map(contextsText));
  if (details) parts.push(...detailsOf(checked));
  if (coverage) parts.push(...coverageOf(reports));
  parts.push(...(steps?.surprises ?? []).map((line) => `${pc.red("unexpected")}  ${line}`));
  parts.push(
    ...reports.flatMap((report) => report.surprises.map((surprise) => failureText(report, surprise))),
  );
  if (!details)
    parts.push(pc.dim("--details: each violation, and how to replay it   --coverage: what was exercised"));
  return parts.join("\n\n");
}

/** The reports of each wing: it has laws and bugs of its own. */
function byWing(reports: readonly KernelReport[]): readonly (readonly KernelReport[])[] {
  const names = new Set(reports.map(({ wing }) => wing.name));
  return [...names].map((name) => reports.filter(({ wing }) => wing.name === name));
}

/** The second block of the matrix: interleaved calls; and the facts it cannot show. */
function interleavedParts({ byName, steps, interleaved }: CheckReport): string[] {
  const table = stepMatrix(interleaved);
  const unseen = byName ? interleaved.flatMap(({ without }) => without) : [];
  return [
    ...(steps === undefined || table === "" ? [] : [`${interleavedSummary(steps)}\n\n${table}`]),
    ...(table === "" ? [] : [pc.dim(stepLegend(interleaved))]),
    ...(unseen.length === 0 ? [] : [unseen.join("\n")]),
  ];
}

/** The kernel that another was derived from, and the bugs of it that the other does not have. */
function lineageLines(report: KernelReport): string[] {
  const { wing, kernel, gone } = report;
  if (kernel.release.compiled) return [knownBugsText(report)];
  if (gone.length === 0) return [];
  const ancestors = lineageOf(wing, kernel.release).slice(1).join(", ");
  return [`${kernel.name} was derived from ${ancestors}, and has not: ${gone.map(shortName).join(", ")}`];
}

/** Which bugs of the catalogue a tree has, by their pinned histories: each once, beside those of its release. */
function knownBugsText({ kernel, cells, surprises, gone }: KernelReport): string {
  const { like } = kernel.release;
  const pinned = cells.flatMap(({ bugs }) => bugs).filter(({ replay }) => replay !== null);
  const here = new Set(pinned.map(({ bug }) => bug));
  const others = surprises.flatMap(({ alike = [] }) => alike);
  const names = (slugs: Iterable<string>) => [...slugs].map(shortName).join(", ") || "none";
  const rows = [
    ["", `it has, as ${like} has`, names(here)],
    ["", `violated as by others, not in ${like}`, names(new Set(others))],
    ["", `it has not, though ${like} has`, names(gone)],
  ];
  return `${pc.bold(`Known bugs in ${kernel.name}, by the pinned histories`)}\n${columns(rows)}`;
}

/** Subjects, laws, violations and time in one line. */
function verdictLine(checked: CheckReport): string {
  const { reports, kernels, surprises, steps, runs, seconds, complete } = checked;
  const { known, unknown } = violations(checked);
  const gone = surprises.filter(({ kind }) => kind === "gone").length;
  const laws = byWing(reports)
    .map((each) => new Set(each.flatMap(({ cells }) => cells.map(({ law }) => law))).size)
    .reduce((sum, size) => sum + size, 0);
  const facts = [
    counted(reports.length, "kernel"),
    ...(steps === undefined ? [] : [counted(steps.protocols.length, "protocol")]),
    counted(laws, "law"),
    `${counted(known, "violation")} known`,
    `${unknown} unknown`,
    ...(gone > 0 ? [`${gone} gone`] : []),
    `${seconds.toFixed(0)} s`,
  ];
  const bad = unexpected(checked);
  const verdict =
    bad > 0 ? `${bad} unexpected` : runs === 0 ? "No random history drawn" : "Nothing unexpected";
  const until = complete ? "" : ` so far (kernel ${reports.length} of ${kernels})`;
  const colour = bad > 0 ? pc.red : runs === 0 || !complete ? pc.yellow : pc.green;
  return `${colour(`${verdict}${until}`)}: ${facts.join(", ")}`;
}

/** Facts that weaken the verdict. */
function notes({ reports, runs, kernels, complete }: CheckReport): string[] {
  if (!complete) return [`Interrupted in kernel ${reports.length} of ${kernels}.`];
  const unmet = new Map<string, string[]>();
  for (const { kernel, unmet: ids } of reports)
    for (const id of ids) unmet.set(id, [...(unmet.get(id) ?? []), kernel.name]);
  const none = "No random history was drawn: pinned ones alone were tried, and a small space visited whole.";
  if (unmet.size === 0) return runs === 0 ? [none] : [];
  const rows = [...unmet].map(([id, kernels]) => ["", id, kernels.join(", ")]);
  return [
    `Warning: too few random histories (--runs ${runs}) to reach these witnesses, so that this run proves nothing about them. ${USUAL_RUNS} reach all of them.\n${columns(rows)}`,
  ];
}

function detailsOf(checked: CheckReport): string[] {
  const { reports, byName, steps, interleaved, seed } = checked;
  const parts: string[] = [];
  const section = (title: string, rows: readonly (readonly string[])[]) => {
    if (rows.length > 0) parts.push(`${pc.bold(title)}\n${columns(rows)}`);
  };
  section("Violations that the catalogue knows", rowsOf(reports, "broken"));
  section("Falls short of what is not promised, as the catalogue knows", rowsOf(reports, "not-promised"));
  if (parts.length > 0)
    parts.push(`Each is replayed by:  ${toolLine("replay BUG --law LAW --kernel KERNEL")}`);
  parts.push(
    ...byWing(reports)
      .map(visitedText)
      .filter((visited) => visited !== ""),
  );
  const violated = stepRows(interleaved);
  section("Violations when calls interleave", violated);
  if (violated.length > 0)
    parts.push(`Each is replayed by:  ${toolLine("replay BUG --law LAW --grain step --kernel VERSION")}`);
  if (steps !== undefined && !byName) parts.push(interleavedText(steps));
  const histories = reports.reduce((sum, each) => sum + each.histories, 0);
  const commands = reports.reduce((sum, each) => sum + each.commands, 0);
  const mean = histories === 0 ? 0 : commands / histories;
  parts.push(
    `Tried: every pinned history; ${histories} random histories (${commands} commands, ${mean.toFixed(0)} in each on average), seed ${seed}`,
  );
  return parts;
}

function coverageOf(reports: readonly KernelReport[]): string[] {
  const paths = exercised(reports);
  const texts = byWing(reports)
    .map(coverageText)
    .filter((text) => text !== "");
  return [...(paths.length > 0 ? [`${pc.bold("Exercised at random")}\n${columns(paths)}`] : []), ...texts];
}

/** How often each witness was reached, three to a line. */
function exercised(reports: readonly KernelReport[]): string[][] {
  const totals = new Map<string, number>();
  for (const { seen } of reports)
    for (const [id, times] of seen) totals.set(id, (totals.get(id) ?? 0) + times);
  const cells = [...totals].sort(([a], [b]) => (a < b ? -1 : 1)).map(([id, times]) => [id, String(times)]);
  const rows: string[][] = [];
  for (let at = 0; at < cells.length; at += 3) rows.push(cells.slice(at, at + 3).flat());
  return rows;
}

/** One row a bug and law of this verdict: its number, in how many commands, and on which kernels. */
function rowsOf(reports: readonly KernelReport[], wanted: Cell["verdict"]): string[][] {
  const rows = new Map<
    string,
    { bug: string; number: string; law: string; lengths: number[]; kernels: string[]; isPinned: boolean }
  >();
  for (const { wing, kernel, cells } of reports) {
    for (const { law, verdict, bugs } of cells) {
      if (verdict !== wanted) continue;
      for (const { bug, commands, replay } of bugs) {
        const key = `${bug} ${law}`;
        const number = bugOf(wing, bug)?.number ?? "*";
        const row = rows.get(key) ?? { bug, number, law, lengths: [], kernels: [], isPinned: false };
        rows.set(key, { ...row, isPinned: row.isPinned || replay !== null });
        row.lengths.push(commands);
        row.kernels.push(kernel.name);
      }
    }
  }
  return [...rows.values()].map(({ bug, number, law, lengths, kernels, isPinned }) => {
    const [least, most] = [Math.min(...lengths), Math.max(...lengths)];
    const length = least === most ? `in ${least}` : `in ${least} to ${most}`;
    const more = kernels.length > 2 ? ` and ${kernels.length - 1} more` : "";
    const on = more === "" ? kernels.join(", ") : `${kernels[0]}${more}`;
    return [number, bug, law, isPinned ? length : `${length} at random`, on];
  });
}

/** A tree, and the release that judges it. */
function treeText({ name, version, as, assumed }: TreeFacts): string {
  const is = version === null ? "has no Makefile with its version" : `is ${version}`;
  return [`${name} ${is}, judged by the promises of ${as}`, ...assumed.map((line) => `  ${line}`)].join("\n");
}
