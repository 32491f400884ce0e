/** `conform`: a recording's commands on our version of its kernel, every reply field compared. */

import { inputError } from "../../adapters/input-error.ts";
import { conform, type Difference } from "../../adapters/vmap/conform.ts";
import { readRecording, type Trace } from "../../adapters/vmap/recording.ts";
import { releaseNamed } from "../../jobs/names.ts";
import { openTree } from "../../jobs/trees.ts";
import { kernelCalled } from "../../kernels/vmap/index.ts";
import type { State } from "../../kernels/vmap/state.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import { pc } from "../colour.ts";
import { AS_EXPECTED, INTERRUPTED, UNEXPECTED } from "../exit.ts";
import { columns, interruptible, print, progress } from "../output.ts";
import { areaRow, drawMap, letterFor, pagesAround, pagesNear } from "../show/map.ts";
import { commandText, LARGE, page, responseText } from "../show/text.ts";

interface FirstDifference {
  readonly trace: Trace;
  readonly kernel: Kernel<State>;
  readonly difference: Difference;
}

/** What one file came to. */
interface Tally {
  readonly file: string;
  readonly labels: Set<string>;
  traces: number;
  conforming: number;
  differing: number;
  replies: number;
  first: FirstDifference | undefined;
}

export interface ConformOptions {
  /** The directory of a kernel tree, to run in place of our models. */
  readonly tree?: string;
  readonly json: boolean;
}

export async function conformVerb(files: readonly string[], { tree, json }: ConformOptions): Promise<number> {
  const compiled = tree === undefined ? undefined : openTree(tree, undefined).kernel;
  const started = Date.now();
  const spinner = progress();
  const work = interruptible();
  const tallies: Tally[] = [];
  try {
    for (const file of files) {
      const tally = newTally(file);
      tallies.push(tally);
      for await (const trace of readRecording(file)) {
        spinner.say(`${file}: trace ${tally.traces + 1}, ${tally.differing} differing`);
        count(tally, trace, compiled);
        await work.turn();
        if (work.interrupted) break;
      }
      if (work.interrupted) break;
    }
  } finally {
    spinner.stop();
  }
  if (json) console.log(JSON.stringify({ files: tallies.map(asJson) }));
  else print(talliesText(tallies, (Date.now() - started) / 1000, work.interrupted));
  if (work.interrupted) return INTERRUPTED;
  return tallies.some((tally) => tally.differing > 0) ? UNEXPECTED : AS_EXPECTED;
}

function newTally(file: string): Tally {
  return {
    file,
    labels: new Set(),
    traces: 0,
    conforming: 0,
    differing: 0,
    replies: 0,
    first: undefined,
  };
}

function count(tally: Tally, trace: Trace, compiled: Kernel<State> | undefined): void {
  tally.traces += 1;
  tally.labels.add(trace.label);
  const kernel = compiled ?? modelOf(trace);
  const { replies, difference } = conform(kernel, trace);
  tally.replies += replies;
  if (difference === undefined) {
    tally.conforming += 1;
  } else {
    tally.differing += 1;
    tally.first ??= { trace, kernel, difference };
  }
}

/** The model to compare with. Throws an InputError where there is none, or where the trace is only a part of one. */
function modelOf({ file, line, label, cut }: Trace): Kernel<State> {
  if (cut !== undefined) throw inputError(file, line, "cut: only a whole trace can be compared with a model");
  if (kernelCalled(label) !== undefined) return releaseNamed(label);
  const says = `version: there is no model of ${JSON.stringify(label)} to compare with; judge asks its laws`;
  throw inputError(file, line, says);
}

function asJson({ file, labels, traces, conforming, differing, replies, first }: Tally) {
  return {
    file,
    label: [...labels].join(", "),
    traces,
    conforming,
    differing,
    // Every command of FORMAT.md is answered by now, so there is nothing to skip for.
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

function talliesText(tallies: readonly Tally[], seconds: number, isInterrupted: boolean): string {
  const sum = (of: (tally: Tally) => number) => tallies.reduce((all, tally) => all + of(tally), 0);
  const differing = sum((tally) => tally.differing);
  const facts = [
    `${tallies.length} recording${tallies.length === 1 ? "" : "s"}`,
    `${sum(({ traces }) => traces)} traces`,
    `${sum(({ replies }) => replies)} replies`,
    `${differing} trace${differing === 1 ? "" : "s"} differing`,
    `${seconds.toFixed(1)} s`,
  ];
  const verdict = differing > 0 ? pc.red("Differs") : pc.green("Conforms");
  const head = ["file", "label", "traces", "conforming", "differing", "replies"].map((word) => pc.dim(word));
  const rows = tallies.map((tally) => [
    tally.file,
    [...tally.labels].join(", "),
    String(tally.traces),
    pc.green(String(tally.conforming)),
    tally.differing > 0 ? pc.red(String(tally.differing)) : "0",
    String(tally.replies),
  ]);
  const differences = tallies.flatMap(({ first }) =>
    first === undefined ? [] : [firstDifferenceText(first)],
  );
  const line = `${verdict}${isInterrupted ? " so far" : ""}: ${facts.join(", ")}`;
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

/** What was recorded and what we answered, in one line. */
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

/** The areas before the command, the command, and each field that differs. */
function firstDifferenceText({ trace, kernel, difference }: FirstDifference): string {
  const { index, fields, before } = difference;
  const { command, response } = trace.exchanges[index] as Trace["exchanges"][number];
  const areas = before.areas.map(({ start, end, lazy }, at) => ({ start, end, lazy, letter: letterFor(at) }));
  const placed = [response, difference.response].flatMap((each) =>
    each.kind === "placed" ? [{ start: each.start, end: each.start + 1 }] : [],
  );
  const asked = command.op === "alloc" ? [{ start: command.vstart, end: command.vend }] : [];
  const pages = pagesNear(pagesAround([...areas, ...placed, ...asked], trace.scope.wordPages), [
    ...placed,
    ...asked,
  ]);
  return [
    `${pc.bold(`${trace.file}:${trace.line}`)}  ${trace.name ?? `seed ${trace.seed}`}, command ${index + 1} of ${trace.exchanges.length}`,
    ...(pages.length > 0 ? drawMap([areaRow(areas)], pages) : []),
    `  ${commandText(command)}`,
    `  recorded:   ${responseText(response)}`,
    `  ${`${kernel.name}:`.padEnd(11)} ${responseText(difference.response)}`,
    ...fields.map(
      ({ field, recorded, ours }) => `  ${pc.red(field.padEnd(10))}  ${differenceText(recorded, ours)}`,
    ),
  ].join("\n");
}
