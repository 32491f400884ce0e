/** `drive`: an allocator in a child process, asked by the line protocol of docs/drive.md, and judged. */
import { writeFile } from "node:fs/promises";
import { asWritten, formatHistory } from "../../adapters/vmap/history-file.ts";
import { bugCalled } from "../../counterexamples/vmap/index.ts";
import { cpusText } from "../../jobs/command-text.ts";
import { type DriveReport, drive } from "../../jobs/drive.ts";
import { toolLine } from "../../jobs/names.ts";
import { VMAP } from "../../jobs/vmap/wing.ts";
import type { HistoryStep } from "../../spec/vmap/history.ts";
import { canBoundMemory } from "../../trees/child.ts";
import { pc } from "../colour.ts";
import { AS_EXPECTED, INTERRUPTED, UNEXPECTED } from "../exit.ts";
import { print, watched } from "../output.ts";
import { type Replayed, replayedText, stepsJson, stepsShown } from "../show/replayed.ts";
import { VMAP_DRAWING } from "../show/step-view.ts";

export interface DriveArguments {
  readonly tree?: string;
  readonly sanitize: boolean;
  readonly seed: number;
  readonly runs: number;
  readonly seconds?: number;
  readonly law?: string;
  readonly as?: string;
  readonly history?: string;
  /** The file to which a violating history is written. */
  readonly out?: string;
  readonly deadline: number;
  readonly memory: number;
  readonly fresh: boolean;
  readonly json: boolean;
}

type Found = NonNullable<DriveReport["found"]>;

/** The report of a run. */
interface ToShow extends DriveReport {
  readonly command: readonly string[];
  readonly options: DriveArguments;
}

export async function driveVerb(command: readonly string[], options: DriveArguments): Promise<number> {
  const { json, out, ...how } = options;
  let signal: AbortSignal | undefined;
  const job = watched((watch) => {
    signal = watch.signal;
    return drive(command, { ...how, ...watch, seconds: options.seconds });
  });
  const report = await job.catch((error: unknown) => {
    // A child that was ended with the run has no fault.
    if (signal?.aborted) return undefined;
    throw error;
  });
  if (report === undefined) return INTERRUPTED;
  const { found } = report;
  if (out !== undefined && found !== undefined) await writeFile(out, fileOf(report, found));
  const shown = { ...report, command, options };
  if (json) console.log(JSON.stringify(documentOf(shown)));
  else print(textOf(shown));
  if (found !== undefined) return UNEXPECTED;
  return report.interrupted ? INTERRUPTED : AS_EXPECTED;
}

function fileOf({ name }: Pick<DriveReport, "name">, { law, scope, history }: Found): string {
  return formatHistory({ kernel: name, law, scope, commands: history });
}

/** The laws that the last step violates, with the law that counts first. */
function lawsOf({ law, played }: Found): readonly string[] {
  const all = played.at(-1)?.violated.map(({ id }) => id) ?? [];
  return [law, ...all.filter((each) => each !== law)];
}

const stepsOf = ({ played }: Found) => stepsShown(VMAP_DRAWING, () => played, played.length - 1, true);

function documentOf(shown: ToShow) {
  const { command, options, name, by, promises, judged, unjudged, seed, seconds, interrupted } = shown;
  const { found, histories, commands } = shown;
  const asFile = (index: number) => asWritten(found?.history[index] as HistoryStep);
  return {
    ...{
      command,
      name,
      by,
      promises,
      judged: judged.map(({ id }) => id),
      unjudged,
    },
    accepted: found === undefined,
    law: found?.law ?? null,
    laws: found === undefined ? [] : lawsOf(found),
    step: found?.history.length ?? null,
    ...{ drawn: found?.drawn ?? null, again: found?.again ?? null, scope: found?.scope.name ?? null },
    history: found === undefined ? null : JSON.parse(fileOf(shown, found)),
    steps: found === undefined ? [] : stepsJson(VMAP_DRAWING, stepsOf(found), ({ index }) => asFile(index)),
    known: shown.known.map(({ law, known, commands: length }) => ({ law, bug: known, commands: length })),
    out: found === undefined ? null : (options.out ?? null),
    ...{ histories, commands, seed, seconds, complete: !interrupted },
  };
}

function textOf(shown: ToShow): string {
  const { name, by, judged, unjudged, options, seconds, interrupted } = shown;
  const { found, histories, commands } = shown;
  const counts = `${histories} histor${histories === 1 ? "y" : "ies"}, ${commands} commands, ${seconds.toFixed(1)} s`;
  const notes =
    options.memory > 0 && !canBoundMemory() ? ["its memory is not bounded: there is no prlimit here"] : [];
  if (found === undefined) {
    const what = options.law ?? `the ${judged.length} laws judged`;
    const kept = shown.known.length > 0 ? "violates nothing that is not known" : `keeps ${what}`;
    return [
      `${pc.green(`${name} ${kept}${interrupted ? " so far" : ""}`)}: ${counts}\n`,
      ...shown.known.map(knownLine),
      `judged by ${by}: ${judged.map(({ id }) => id).join(", ")}`,
      ...unjudged.map(({ law, why }) => pc.dim(`not judged: ${law}, as ${why}`)),
      ...notes.map(pc.dim),
    ].join("\n");
  }
  const space = `a space of 2^${Math.log2(found.scope.wordPages)} pages, ${cpusText(found.scope)}`;
  const replayed: Replayed = {
    wing: VMAP,
    about: [`${pc.bold(name)}, ${space}; ${counts}`, `judged by ${by}; ${againText(found)}`, ...notes],
    bug: undefined,
    of: found.history.length,
    shown: stepsOf(found),
    violations: lawsOf(found).map((law) => ({ law, bug: undefined, listed: false, promised: true })),
    shortfalls: [],
    subject: name,
    asked: undefined,
    stopped: undefined,
    isForeign: true,
    replay: toolLine(wordsOf(shown)),
  };
  return replayedText(replayed);
}

function knownLine({ law, known, commands }: DriveReport["known"][number]): string {
  const number = bugCalled(known)?.number;
  return `known: ${law} by ${known}${number === undefined ? "" : ` (${number})`}, in ${commands} commands`;
}

function againText({ drawn, again, history }: Found): string {
  if (again === undefined) return `drawn with ${drawn} commands, and not run again before this ended`;
  const shrunk = drawn > history.length ? `shrunk from ${drawn} commands, and ` : "";
  if (again) return `${shrunk}violated again in a new process`;
  return "not violated again in a new process: its answers depend on more than the history";
}

/** The command line that runs this again. */
function wordsOf({ command, options }: ToShow): string {
  const { seed, runs, law, as, history, out, tree, sanitize } = options;
  const file = out ?? history;
  const what = file === undefined ? ["--seed", seed, "--runs", runs] : ["--history", file];
  const how = [...(law === undefined ? [] : ["--law", law]), ...(as === undefined ? [] : ["--as", as])];
  const driven =
    tree === undefined ? ["--", ...command] : ["--tree", tree, ...(sanitize ? ["--sanitize"] : [])];
  return ["drive", ...what, ...how, ...driven].map((word) => quoted(String(word))).join(" ");
}

/** Quoted as one word for a shell. */
function quoted(word: string): string {
  return /^[\w./+=:@%,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
