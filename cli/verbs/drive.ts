/** `drive`: an allocator in a child process, asked by the line protocol of docs/drive.md, and judged. */
import { writeFile } from "node:fs/promises";
import { asWritten, formatHistory, readHistory } from "../../adapters/vmap/history-file.ts";
import { type DriveResult, driveChild } from "../../jobs/drive.ts";
import { toolLine } from "../../jobs/names.ts";
import { UsageError } from "../../jobs/usage-error.ts";
import type { HistoryStep } from "../../spec/vmap/history.ts";
import { canBoundMemory } from "../../trees/child.ts";
import { Driven } from "../../trees/vmap/driven.ts";
import { pc } from "../colour.ts";
import { AS_EXPECTED, INTERRUPTED, UNEXPECTED } from "../exit.ts";
import { interruptible, print, progress, timeUp } from "../output.ts";
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
  readonly json: boolean;
}

type Found = NonNullable<DriveResult["report"]["found"]>;

/** What is said of a run. */
interface ToShow extends DriveResult {
  readonly command: readonly string[];
  readonly options: DriveOptions;
  readonly seconds: number;
  readonly isInterrupted: boolean;
}

const MEGABYTE = 2 ** 20;

export async function driveVerb(command: readonly string[], options: DriveOptions): Promise<number> {
  const [program, ...args] = command;
  if (program === undefined)
    throw new UsageError(`drive needs a command: ${toolLine("drive -- ./my-allocator")}`);
  const { seed, runs, law, as, history: file, deadline: milliseconds, fresh, out } = options;
  const history = file === undefined ? undefined : { file, read: await readHistory(file) };
  const started = performance.now();
  const spinner = progress();
  const work = interruptible();
  const isLate = timeUp(options.seconds);
  const memory = options.memory === 0 ? undefined : options.memory * MEGABYTE;
  const subject = new Driven([program, ...args], { milliseconds, memory, fresh });
  // It may be waiting for an answer that never comes.
  const interrupt = () => void subject.end();
  process.once("SIGINT", interrupt);
  try {
    const stopped = async () => {
      await work.turn();
      return work.interrupted || isLate() !== false;
    };
    const request = { seed, runs, law, as, history };
    const result = await driveChild(subject, request, { stopped, say: spinner.say });
    spinner.stop();
    const { found } = result.report;
    if (out !== undefined && found !== undefined) await writeFile(out, fileOf(result, found));
    const seconds = (performance.now() - started) / 1000;
    const shown = { ...result, command, options, seconds, isInterrupted: work.interrupted };
    if (options.json) console.log(JSON.stringify(documentOf(shown)));
    else print(textOf(shown));
    if (found !== undefined) return UNEXPECTED;
    return work.interrupted ? INTERRUPTED : AS_EXPECTED;
  } catch (error) {
    if (work.interrupted) return INTERRUPTED;
    throw error;
  } finally {
    spinner.stop();
    process.off("SIGINT", interrupt);
    await subject.end();
  }
}

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
  const { command, options, hello, by, promises, judged, unjudged, report, seconds, isInterrupted } = shown;
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
    out: found === undefined ? null : (options.out ?? null),
    ...{ histories, commands, seed: options.seed, seconds, complete: !isInterrupted },
  };
}

function textOf(shown: ToShow): string {
  const { hello, by, judged, unjudged, report, options, seconds, isInterrupted } = shown;
  const { found, histories, commands } = report;
  const counts = `${histories} histor${histories === 1 ? "y" : "ies"}, ${commands} commands, ${seconds.toFixed(1)} s`;
  const notes =
    options.memory > 0 && !canBoundMemory() ? ["its memory is not bounded: there is no prlimit here"] : [];
  if (found === undefined) {
    const what = options.law ?? `the ${judged.length} laws judged`;
    return [
      `${pc.green(`${hello.name} keeps ${what}${isInterrupted ? " so far" : ""}`)}: ${counts}\n`,
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

function againText({ drawn, again, history }: Found): string {
  if (again === undefined) return `drawn with ${drawn} commands, and not run again before this ended`;
  const shrunk = drawn > history.length ? `shrunk from ${drawn} commands, and ` : "";
  if (again) return `${shrunk}violated again in a new process`;
  return "not violated again in a new process: its answers depend on more than the history";
}

/** The command line that runs this again. */
function wordsOf({ command, options: { seed, runs, law, as, history, out } }: ToShow): string {
  const file = out ?? history;
  const what = file === undefined ? ["--seed", seed, "--runs", runs] : ["--history", file];
  const how = [...(law === undefined ? [] : ["--law", law]), ...(as === undefined ? [] : ["--as", as])];
  return ["drive", ...what, ...how, "--", ...command].map((word) => quoted(String(word))).join(" ");
}

/** As a shell takes it for one word. */
function quoted(word: string): string {
  return /^[\w./+=:@%,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
