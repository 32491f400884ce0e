/** `conform`: a recording's commands on our version of its kernel, every reply field compared. */

import { LARGE, page } from "../../jobs/command-text.ts";
import { type ConformedFile, type ConformReport, conform, type FirstDifference } from "../../jobs/conform.ts";
import { pc } from "../colour.ts";
import { AS_EXPECTED, INTERRUPTED, UNEXPECTED } from "../exit.ts";
import { columns, print, watched } from "../output.ts";
import { drawingOf } from "../show/drawings.ts";
import { counted } from "../show/text.ts";

export interface ConformOptions {
  /** The directory of a kernel tree, which is run in place of our models. */
  readonly tree?: string;
  readonly json: boolean;
}

export async function conformVerb(files: readonly string[], { tree, json }: ConformOptions): Promise<number> {
  const report = await watched((watch) => conform(files, { tree, ...watch }));
  if (json) console.log(JSON.stringify({ files: report.files.map(asJson) }));
  else print(reportText(report));
  if (report.interrupted) return INTERRUPTED;
  return report.files.some(({ differing }) => differing > 0) ? UNEXPECTED : AS_EXPECTED;
}

function asJson({ file, labels, traces, conforming, differing, replies, first }: ConformedFile) {
  return {
    file,
    label: [...labels].join(", "),
    traces,
    conforming,
    differing,
    // Every command of FORMAT.md has an answer, so nothing is skipped.
    skipped: 0,
    replies,
    first: first === undefined ? null : firstAsJson(first),
  };
}

function firstAsJson({ trace, difference }: FirstDifference) {
  const { index, fields } = difference;
  const name = trace.name === undefined ? {} : { name: trace.name };
  return { line: trace.line, seed: trace.seed, ...name, command: index, fields };
}

function reportText({ files, seconds, interrupted }: ConformReport): string {
  const sum = (of: (tally: ConformedFile) => number) => files.reduce((all, file) => all + of(file), 0);
  const differing = sum((file) => file.differing);
  const facts = [
    counted(files.length, "recording"),
    counted(
      sum(({ traces }) => traces),
      "trace",
    ),
    `${sum(({ replies }) => replies)} replies`,
    `${counted(differing, "trace")} differing`,
    `${seconds.toFixed(1)} s`,
  ];
  const verdict = differing > 0 ? pc.red("Differs") : pc.green("Conforms");
  const head = ["file", "label", "traces", "conforming", "differing", "replies"].map((word) => pc.dim(word));
  const rows = files.map((tally) => [
    tally.file,
    [...tally.labels].join(", "),
    String(tally.traces),
    pc.green(String(tally.conforming)),
    tally.differing > 0 ? pc.red(String(tally.differing)) : "0",
    String(tally.replies),
  ]);
  const differences = files.flatMap(({ first }) => (first === undefined ? [] : [firstDifferenceText(first)]));
  const line = `${verdict}${interrupted ? " so far" : ""}: ${facts.join(", ")}`;
  return [line, columns([head, ...rows]), ...differences].join("\n\n");
}

/** A field's value with its addresses as the file has them, in bytes. */
function valueText(value: unknown): string {
  const text = JSON.stringify(value, (_key, part) =>
    typeof part === "number" && part >= LARGE ? page(part) : part,
  );
  return text ?? "nothing";
}

/** A longer value is a dump of many areas: of two lists only the first entry that differs is shown. */
const LONGEST = 400;

/** The recorded value and ours, in one line. */
export function differenceText(recorded: unknown, ours: unknown): string {
  const [one, other] = [valueText(recorded), valueText(ours)];
  if (one.length + other.length <= LONGEST) return `recorded ${one}, ours ${other}`;
  if (!Array.isArray(recorded) || !Array.isArray(ours))
    return `recorded ${shortened(one)}, ours ${shortened(other)}`;
  const entries = Array.from({ length: Math.max(recorded.length, ours.length) }, (_, nth) => [
    valueText(recorded[nth]),
    valueText(ours[nth]),
  ]);
  const at = entries.findIndex(([theirs, own]) => theirs !== own);
  const [theirs = "", own = ""] = entries[at] ?? [];
  return `entry ${at + 1} of ${recorded.length}: recorded ${shortened(theirs)}, ours ${shortened(own)} (of ${ours.length})`;
}

const shortened = (text: string) => (text.length <= LONGEST / 2 ? text : `${text.slice(0, LONGEST / 2)}...`);

/** What our model held before the command, the command, and each field that differs. */
function firstDifferenceText({ wing, trace, kernel, difference }: FirstDifference): string {
  const { index, fields } = difference;
  const { command, response } = trace.exchanges[index] as (typeof trace)["exchanges"][number];
  const drawing = drawingOf(wing);
  return [
    `${pc.bold(`${trace.file}:${trace.line}`)}  ${trace.name ?? `seed ${trace.seed}`}, command ${index + 1} of ${trace.exchanges.length}`,
    ...drawing.before(trace, difference),
    `  ${drawing.command(command)}`,
    `  recorded:   ${drawing.response(response)}`,
    `  ${`${kernel.name}:`.padEnd(11)} ${drawing.response(difference.response)}`,
    ...fields.map(
      ({ field, recorded, ours }) => `  ${pc.red(field.padEnd(10))}  ${differenceText(recorded, ours)}`,
    ),
  ].join("\n");
}
