/** `drive`: an allocator in a child process, asked by the line protocol of docs/drive.md, and judged. */
import { writeFile } from "node:fs/promises";
import { asWritten, formatHistory, readHistory } from "../../adapters/vmap/history-file.ts";
import { bugCalled } from "../../counterexamples/vmap/index.ts";
import { type DriveResult, driveChild } from "../../jobs/drive.ts";
import { toolLine } from "../../jobs/names.ts";
import { UsageError } from "../../jobs/usage-error.ts";
import type { HistoryStep } from "../../spec/vmap/history.ts";
import { canBoundMemory } from "../../trees/child.ts";
import { readTree } from "../../trees/source-tree.ts";
import { Driven } from "../../trees/vmap/driven.ts";
import { treeChild } from "../../trees/vmap/tree-child.ts";
import { pc } from "../colour.ts";
import { AS_EXPECTED, INTERRUPTED, UNEXPECTED } from "../exit.ts";
import { print, watched } from "../output.ts";
import { type Replayed, replayedText, stepsShown } from "../show/replayed.ts";
import { stepsJson } from "../show/steps.ts";
import { cpusText } from "../show/text.ts";

export interface DriveOptions {
  readonly seed: number;
  readonly runs: number;
  readonly seconds?: number;
  readonly law?: string;
  readonly as?: string;
  /** A history to run in place of random ones. */
  readonly history?: string;
  readonly out?: string;
  /** By when each request must be answered, in milliseconds. */
  readonly deadline: number;
  /** Private memory of a process, in megabytes; 0 for no bound. */
  readonly memory: number;
  readonly fresh: boolean;
  /** A kernel tree that is compiled and driven, in place of a command. */
  readonly tree?: string;
  readonly sanitize: boolean;
  readonly json: boolean;
}

type Found = NonNullable<DriveResult["report"]["found"]>;

/** What is said of a run. */
interface ToShow extends DriveResult {
  readonly command: readonly string[];
  readonly options: DriveOptions;
}

const MEGABYTE = 2 ** 20;

export async function driveVerb(command: readonly string[], options: DriveOptions): Promise<number> {
  const { seed, runs, law, history: file, out } = options;
  const { subject, as } = subjectOf(command, options);
  const history = file === undefined ? undefined : { file, read: await readHistory(file) };
  let signal: AbortSignal | undefined;
  const job = watched((watch) => {
    signal = watch.signal;
    return driveChild(subject, { ...watch, seed, runs, law, as, history, seconds: options.seconds });
  });
  const result = await job.catch((error: unknown) => {
    // A child that was ended with the run has not done wrong.
    if (signal?.aborted) return undefined;
    throw error;
  });
  if (result === undefined) return INTERRUPTED;
  const { found } = result.report;
  if (out !== undefined && found !== undefined) await writeFile(out, fileOf(result, found));
  const shown = { ...result, command, options };
  if (options.json) console.log(JSON.stringify(documentOf(shown)));
  else print(textOf(shown));
  if (found !== undefined) return UNEXPECTED;
  return result.interrupted ? INTERRUPTED : AS_EXPECTED;
}

/** What is driven, and by whose promises it is judged, if not by its own. */
function subjectOf(
  command: readonly string[],
  options: DriveOptions,
): { subject: Driven; as: string | undefined } {
  const { tree: directory, sanitize, deadline: milliseconds, fresh, as } = options;
  const [program, ...args] = command;
  if ((program === undefined) === (directory === undefined)) {
    const such = `${toolLine("drive -- ./my-allocator")}, or ${toolLine("drive --tree ~/linux")}`;
    throw new UsageError(`drive needs either a command or a tree: ${such}`);
  }
  if (directory !== undefined) {
    const tree = readTree(directory);
    return {
      subject: treeChild(tree, TREE_BLOCKS, { sanitize, milliseconds, fresh }),
      as: as ?? tree.version,
    };
  }
  if (sanitize) throw new UsageError("--sanitize is for --tree; a command is what it was compiled to be");
  const memory = options.memory === 0 ? undefined : options.memory * MEGABYTE;
  return { subject: new Driven([program as string, ...args], { milliseconds, memory, fresh }), as };
}

/** Blocks so small that histories use them up. */
const TREE_BLOCKS = { blockPages: 8, bitsPerLong: 4 };

function fileOf({ hello }: DriveResult, { law, scope, history }: Found): string {
  return formatHistory({ kernel: hello.name, law, scope, commands: history });
}

/** The laws that the last step violates, the one that is meant first. */
function lawsOf({ law, played }: Found): readonly string[] {
  const all = played.at(-1)?.broken.map(({ id }) => id) ?? [];
  return [law, ...all.filter((each) => each !== law)];
}

const stepsOf = ({ played }: Found) => stepsShown(() => played, played.length - 1, true);

function documentOf(shown: ToShow) {
  const { command, options, hello, by, promises, judged, unjudged, report, seconds, interrupted } = shown;
  const { found, histories, commands } = report;
  const asFile = (index: number) => asWritten(found?.history[index] as HistoryStep);
  return {
    ...{
      command,
      name: hello.name,
      by,
      promises: promises.laws,
      judged: judged.map(({ id }) => id),
      unjudged,
    },
    accepted: found === undefined,
    law: found?.law ?? null,
    laws: found === undefined ? [] : lawsOf(found),
    step: found?.history.length ?? null,
    ...{ drawn: found?.drawn ?? null, again: found?.again ?? null, scope: found?.scope.name ?? null },
    history: found === undefined ? null : JSON.parse(fileOf(shown, found)),
    steps: found === undefined ? [] : stepsJson(stepsOf(found), ({ index }) => asFile(index)),
    known: report.known.map(({ law, known, commands: length }) => ({ law, bug: known, commands: length })),
    out: found === undefined ? null : (options.out ?? null),
    ...{ histories, commands, seed: options.seed, seconds, complete: !interrupted },
  };
}

function textOf(shown: ToShow): string {
  const { hello, by, judged, unjudged, report, options, seconds, interrupted } = shown;
  const { found, histories, commands } = report;
  const counts = `${histories} histor${histories === 1 ? "y" : "ies"}, ${commands} commands, ${seconds.toFixed(1)} s`;
  const notes =
    options.memory > 0 && !canBoundMemory() ? ["its memory is not bounded: there is no prlimit here"] : [];
  if (found === undefined) {
    const what = options.law ?? `the ${judged.length} laws judged`;
    const kept = report.known.length > 0 ? "violates nothing that is not known" : `keeps ${what}`;
    return [
      `${pc.green(`${hello.name} ${kept}${interrupted ? " so far" : ""}`)}: ${counts}\n`,
      ...report.known.map(knownLine),
      `judged by ${by}: ${judged.map(({ id }) => id).join(", ")}`,
      ...unjudged.map(({ law, why }) => pc.dim(`not judged: ${law}, as ${why}`)),
      ...notes.map(pc.dim),
    ].join("\n");
  }
  const space = `a space of 2^${Math.log2(found.scope.wordPages)} pages, ${cpusText(found.scope)}`;
  const replayed: Replayed = {
    about: [`${pc.bold(hello.name)}, ${space}; ${counts}`, `judged by ${by}; ${againText(found)}`, ...notes],
    bug: undefined,
    of: found.history.length,
    shown: stepsOf(found),
    violations: lawsOf(found).map((law) => ({ law, bug: undefined, listed: false, promised: true })),
    shortfalls: [],
    subject: hello.name,
    asked: undefined,
    isForeign: true,
    replay: toolLine(wordsOf(shown)),
  };
  return replayedText(replayed);
}

function knownLine({ law, known, commands }: DriveResult["report"]["known"][number]): string {
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

/** As a shell takes it for one word. */
function quoted(word: string): string {
  return /^[\w./+=:@%,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
