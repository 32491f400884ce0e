/** `drive`: an allocator in a child process, asked by the line protocol of docs/drive.md, and judged. */
import { writeFile } from "node:fs/promises";
import { asWritten, formatHistory, type HistoryFile, readHistory } from "../../adapters/history-file.ts";
import { InputError, oneLine } from "../../adapters/input-error.ts";
import { type Drive, type DriveReport, drive, playAgain, type Violating } from "../../properties/drive.ts";
import { drivenScopes, type LawsDriven, lawsDriven, offeredStep } from "../../properties/driven-scopes.ts";
import { promisesOfOwn } from "../../spec/own-promises.ts";
import type { Promises } from "../../spec/releases.ts";
import { ChildError, canBoundMemory } from "../../trees/child.ts";
import { Driven } from "../../trees/vmap/driven.ts";
import type { Hello } from "../../trees/vmap/hello.ts";
import { pc } from "../colour.ts";
import { AS_EXPECTED, INTERRUPTED, UNEXPECTED, UsageError } from "../exit.ts";
import { kernelNamed, lawNamed, toolLine } from "../names.ts";
import { interruptible, print, progress, timeUp } from "../output.ts";
import { type Replayed, replayedText, stepsShown } from "../show/replayed.ts";
import { stepsJson } from "../show/steps.ts";
import { cpusText } from "../show/text.ts";

export interface DriveOptions {
  readonly seed: number;
  readonly runs: number;
  readonly seconds?: number;
  readonly law?: string;
  /** The label whose promises are asked, in place of the child's own. */
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

/** What was driven, and how it was judged. */
interface Judged extends LawsDriven {
  readonly hello: Hello;
  readonly promises: Promises;
  readonly by: string;
}

export async function driveVerb(command: readonly string[], options: DriveOptions): Promise<number> {
  const [program, ...args] = command;
  if (program === undefined)
    throw new UsageError(`drive needs a command, such as ${toolLine("drive -- ./my-allocator")}`);
  const written = options.history === undefined ? undefined : await readHistory(options.history);
  const started = performance.now();
  const spinner = progress();
  const work = interruptible();
  const isLate = timeUp(options.seconds);
  const memory = options.memory === 0 ? undefined : options.memory * 2 ** 20;
  const subject = new Driven([program, ...args], {
    milliseconds: options.deadline,
    memory,
    fresh: options.fresh,
  });
  // It may be waiting for an answer that never comes.
  const interrupt = () => void subject.end();
  process.once("SIGINT", interrupt);
  try {
    const hello = await subject.hello();
    const scopes = written === undefined ? scopesOf(hello, options) : [written.scope];
    const judged = judgedBy(hello, options, scopes);
    const law = options.law === undefined ? undefined : lawJudged(options.law, judged);
    const run: Drive = {
      subject,
      promises: judged.promises,
      laws: judged.judged,
      law,
      offered: (step, history) => offeredStep(step, history, hello),
      stopped: async () => {
        await work.turn();
        return work.interrupted || isLate() !== false;
      },
      say: (text) => spinner.say(text),
    };
    const report =
      written === undefined ? await drive(run, scopes, options) : await rerun(run, written, options);
    spinner.stop();
    const seconds = (performance.now() - started) / 1000;
    if (options.out !== undefined && report.found !== undefined)
      await writeFile(
        options.out,
        formatHistory({ ...report.found, kernel: hello.name, commands: report.found.history }),
      );
    const shown = { command, options, judged, report, seconds, isInterrupted: work.interrupted };
    if (options.json) console.log(JSON.stringify(documentOf(shown)));
    else print(textOf(shown));
    if (report.found !== undefined) return UNEXPECTED;
    return work.interrupted ? INTERRUPTED : AS_EXPECTED;
  } catch (error) {
    if (work.interrupted) return INTERRUPTED;
    if (error instanceof ChildError) throw new InputError(`${oneLine(program)}: ${oneLine(error.message)}`);
    throw error;
  } finally {
    spinner.stop();
    process.off("SIGINT", interrupt);
    await subject.end();
  }
}

function scopesOf(hello: Hello, options: DriveOptions) {
  try {
    return drivenScopes(hello, promisesOf(hello, options));
  } catch (error) {
    if (error instanceof RangeError) throw new ChildError(error.message);
    throw error;
  }
}

function promisesOf({ name, promises, blocks }: Hello, { as }: DriveOptions): Promises {
  if (as !== undefined) return kernelNamed(as).release;
  const plain = {
    guard: { inside: 0, afterArea: 0, beforeNext: 0 },
    placement: "none",
    blocks: "purged",
  } as const;
  return promisesOfOwn(name, {
    ...plain,
    ...promises,
    ...(blocks === undefined ? { blocks: "no blocks" } : {}),
  });
}

function judgedBy(hello: Hello, options: DriveOptions, scopes: readonly HistoryFile["scope"][]): Judged {
  const promises = promisesOf(hello, options);
  if (promises.freesLazily && !hello.tells.has("flush"))
    throw new ChildError(
      'nobody can say when what it frees may be given out again: expected "tells flush" or "frees eager" in its answer to hello',
    );
  const own = hello.promises === undefined ? "what any allocator promises" : "its own promises";
  const by = options.as === undefined ? own : `the promises of ${options.as}`;
  return { hello, promises, by, ...lawsDriven(hello, promises, scopes) };
}

function lawJudged(id: string, { judged, unjudged }: Judged): string {
  const law = lawNamed(id);
  if (judged.some((each) => each.id === law)) return law;
  const why = unjudged.find((each) => each.law === law)?.why ?? "it does not promise that";
  throw new UsageError(`--law ${law} is not judged here: ${why}`);
}

/** One written history, as the child answers it now. */
async function rerun(
  run: Drive,
  { scope, commands }: HistoryFile,
  { history }: DriveOptions,
): Promise<DriveReport> {
  const wrong = commands.findIndex((step) => run.offered(step, commands) === undefined);
  if (wrong >= 0)
    throw new UsageError(
      `${history}: command ${wrong + 1}, ${commands[wrong]?.op}, is none that this child can be asked for`,
    );
  const { played, violating } = await playAgain(run, scope, commands);
  const found = violating && { ...violating, drawn: commands.length, again: true };
  return { histories: 1, commands: played.length, found };
}

interface ToShow {
  readonly command: readonly string[];
  readonly options: DriveOptions;
  readonly judged: Judged;
  readonly report: DriveReport;
  readonly seconds: number;
  readonly isInterrupted: boolean;
}

function documentOf({ command, options, judged, report, seconds, isInterrupted }: ToShow) {
  const { found, histories, commands } = report;
  const { hello, promises, by } = judged;
  return {
    command,
    name: hello.name,
    by,
    promises: promises.laws,
    judged: judged.judged.map(({ id }) => id),
    unjudged: judged.unjudged,
    accepted: found === undefined,
    law: found?.law ?? null,
    laws: found?.played.at(-1)?.broken.map(({ id }) => id) ?? [],
    step: found === undefined ? null : found.history.length,
    again: found?.again ?? null,
    drawn: found?.drawn ?? null,
    scope: found?.scope.name ?? null,
    history:
      found === undefined
        ? null
        : JSON.parse(formatHistory({ ...found, kernel: hello.name, commands: found.history })),
    steps:
      found === undefined
        ? []
        : stepsJson(stepsOf(found), ({ index }) =>
            asWritten(found.history[index] as HistoryFile["commands"][number]),
          ),
    out: found === undefined ? null : (options.out ?? null),
    ...{ histories, commands, seed: options.seed, seconds, complete: !isInterrupted },
  };
}

const stepsOf = ({ played }: Violating) => stepsShown(() => played, played.length - 1, true);

function textOf(shown: ToShow): string {
  const { judged, report, options, seconds, isInterrupted } = shown;
  const { hello, by, unjudged } = judged;
  const { found, histories, commands } = report;
  const counts = `${histories} histor${histories === 1 ? "y" : "ies"}, ${commands} commands, ${seconds.toFixed(1)} s`;
  const asked = `judged by ${by}: ${judged.judged.map(({ id }) => id).join(", ")}`;
  const unasked = unjudged.map(({ law, why }) => pc.dim(`not judged: ${law}, as ${why}`));
  const unbounded =
    options.memory > 0 && !canBoundMemory()
      ? [pc.dim("its memory is not bounded: there is no prlimit here")]
      : [];
  if (found === undefined) {
    const kept = `${hello.name} keeps ${options.law ?? `the ${judged.judged.length} laws judged`}${isInterrupted ? " so far" : ""}`;
    return [`${pc.green(kept)}: ${counts}`, "", asked, ...unasked, ...unbounded].join("\n");
  }
  const laws = found.played.at(-1)?.broken.map(({ id }) => id) ?? [];
  const ordered = [found.law, ...laws.filter((law) => law !== found.law)];
  const { wordPages } = found.scope;
  const words = shown.command
    .map((word) => (/^[\w./+=:@%-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(" ");
  const history = options.out ?? options.history;
  const again =
    history === undefined ? `--seed ${options.seed} --runs ${options.runs}` : `--history ${history}`;
  const replayed: Replayed = {
    about: [
      `${pc.bold(hello.name)}, a space of 2^${Math.log2(wordPages)} pages, ${cpusText(found.scope)}, judged by ${by}; ${counts}`,
      againText(found),
      ...unbounded,
    ],
    bug: undefined,
    of: found.history.length,
    shown: stepsOf(found),
    violations: ordered.map((law) => ({ law, bug: undefined, listed: false, promised: true })),
    shortfalls: [],
    subject: hello.name,
    asked: undefined,
    isForeign: true,
    replay: toolLine(`drive ${again} -- ${words}`),
  };
  return replayedText(replayed);
}

function againText({ drawn, again }: NonNullable<DriveReport["found"]>): string {
  if (again === undefined) return `drawn with ${drawn} commands, and not run again before this ended`;
  if (again) return `drawn with ${drawn} commands, shrunk, and violated again in a new process`;
  return pc.yellow("not violated again in a new process: its answers depend on more than the history");
}
