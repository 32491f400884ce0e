/** An allocator in a child process, asked by the line protocol of docs/drive.md and judged. */
import { InputError, oneLine } from "../adapters/input-error.ts";
import { type HistoryFile, readHistory } from "../adapters/vmap/history-file.ts";
import { attributeViolations } from "../counterexamples/vmap/index.ts";
import { type Drive, type DrivenHistories, driveAtRandom, playAgain } from "../properties/vmap/drive.ts";
import { drivenScopes, type LawsDriven, lawsDriven, offeredStep } from "../properties/vmap/driven-scopes.ts";
import type { LawId } from "../spec/contract.ts";
import type { Command, Response } from "../spec/vmap/commands.ts";
import { promisesOfOwn } from "../spec/vmap/own-promises.ts";
import type { Promises } from "../spec/vmap/promises.ts";
import { ChildError } from "../trees/child.ts";
import { readTree } from "../trees/source-tree.ts";
import { Driven } from "../trees/vmap/driven.ts";
import type { Hello } from "../trees/vmap/hello.ts";
import { treeChild } from "../trees/vmap/tree-child.ts";
import { kernelNamed, lawNamed, toolLine } from "./names.ts";
import { promisedBetween } from "./trees/trees.ts";
import { UsageError } from "./usage-error.ts";
import { USUAL_SEED, type Watch, Work } from "./work.ts";

export interface DriveOptions extends Watch {
  /** A kernel tree that is compiled and driven, in place of a command; and whether with ASan and UBSan. */
  readonly tree?: string | undefined;
  readonly sanitize?: boolean;
  readonly seed?: number;
  /** Random histories. */
  readonly runs?: number;
  /** The only law whose violations count. */
  readonly law?: string | undefined;
  /** The label whose promises judge it, in place of the child's own. */
  readonly as?: string | undefined;
  /** A file with the history to run in place of random ones. */
  readonly history?: string | undefined;
  /** The deadline for each answer, in milliseconds. */
  readonly deadline?: number;
  /** Private memory of a process, in megabytes; 0 for no bound. */
  readonly memory?: number;
  /** Whether each history has a process of its own, even if the child offers `again`. */
  readonly fresh?: boolean;
}

export interface DriveReport extends LawsDriven, DrivenHistories {
  readonly name: string;
  readonly promises: readonly LawId[];
  /** Whose promises judged it. */
  readonly by: string;
  readonly seed: number;
  readonly seconds: number;
  readonly interrupted: boolean;
}

const USUAL = { seed: USUAL_SEED, runs: 1000, deadline: 2000, memory: 1024 };
const MEGABYTE = 2 ** 20;

/** Throws an InputError for a child that cannot be started, or does not keep to the protocol. */
export async function drive(command: readonly string[], options: DriveOptions = {}): Promise<DriveReport> {
  const subject = subjectOf(command, options);
  const started = performance.now();
  const work = new Work(options);
  // The child may never answer.
  const end = () => void subject.end();
  options.signal?.addEventListener("abort", end);
  try {
    const driven = await driveSaid(subject, await subject.hello(), options, work);
    return { ...driven, interrupted: work.interrupted, seconds: (performance.now() - started) / 1000 };
  } catch (error) {
    if (error instanceof ChildError)
      throw new InputError(`${oneLine(subject.program)}: ${oneLine(error.message)}`);
    throw error;
  } finally {
    options.signal?.removeEventListener("abort", end);
    await subject.end();
  }
}

/** What is driven. */
function subjectOf(command: readonly string[], options: DriveOptions): Driven {
  const { tree, sanitize = false, deadline: milliseconds = USUAL.deadline, fresh = false } = options;
  const [program, ...args] = command;
  if ((program === undefined) === (tree === undefined)) {
    const such = `${toolLine("drive -- ./my-allocator")}, or ${toolLine("drive --tree ~/linux")}`;
    throw new UsageError(`drive needs either a command or a tree: ${such}`);
  }
  if (tree !== undefined) {
    const read = readTree(tree);
    if (read.version === undefined && options.as === undefined)
      throw new UsageError(
        `${tree}: its Makefile names no version: --as LABEL says by whose promises it is judged`,
      );
    return treeChild(read, TREE_BLOCKS, { sanitize, milliseconds, fresh });
  }
  if (sanitize) throw new UsageError("--sanitize is for --tree; a command is what it was compiled to be");
  const { memory: megabytes = USUAL.memory } = options;
  const memory = megabytes === 0 ? undefined : megabytes * MEGABYTE;
  return new Driven([program as string, ...args], { milliseconds, memory, fresh });
}

/** Blocks small enough to be used up by a history. */
const TREE_BLOCKS = { blockPages: 8, bitsPerLong: 4 };

async function driveSaid(
  subject: Driven,
  hello: Hello,
  options: DriveOptions,
  work: Work,
): Promise<Omit<DriveReport, "interrupted" | "seconds">> {
  const { tree, law, history: file, seed = USUAL.seed, runs = USUAL.runs } = options;
  const as = options.as ?? (tree === undefined ? undefined : hello.name);
  const history = file === undefined ? undefined : { file, read: await readHistory(file) };
  const promises = as === undefined ? promisesOf(hello) : (promisedBetween(as) ?? kernelNamed(as).release);
  if (promises.freesLazily && !hello.tells.has("flush"))
    throw new ChildError(
      'its answer to hello needs "tells flush", or "frees eager": else it is not known when freed addresses may be given out again',
    );
  const scopes = history === undefined ? drivenScopes(hello, promises) : [history.read.scope];
  if (scopes.length === 0)
    throw new ChildError(
      "no history fits the space, the blocks and the requests that its answer to hello names",
    );
  const laws = lawsDriven(hello, promises, scopes);
  const run: Drive = {
    stopped: async () => (await work.turn()) !== false,
    say: (text) => work.say(text),
    subject,
    promises,
    laws: laws.judged,
    law: law === undefined ? undefined : lawJudged(law, laws),
    name: namesOf(hello, promises, as),
    offered: (step, steps) => offeredStep(step, steps, hello),
  };
  const report =
    history === undefined ? await driveAtRandom(run, scopes, { seed, runs }) : await rerun(run, history);
  const own = hello.promises === undefined ? "what any allocator promises" : "its own promises";
  const by = as === undefined ? own : `the promises of ${as}`;
  return { name: hello.name, promises: promises.laws, ...laws, ...report, by, seed };
}

/**
 * The catalogue's names, for a kernel judged by the promises of a release: its bugs may be known. Any other allocator
 * has bugs of its own.
 */
function namesOf({ name }: Hello, { labels }: Promises, as: string | undefined): Drive["name"] {
  const isLinux = as !== undefined && /^v?\d+(\.\d+)+/.test(name);
  if (!isLinux) return ({ violated }) => violated.map(({ id }) => ({ law: id, known: undefined }));
  return ({ violated, before, command, response, after }) =>
    attributeViolations(labels[0] as string, violated, {
      before,
      command: command as Command,
      response: response as Response,
      after,
    }).map(({ law, bug }) => ({ law, known: bug?.id }));
}

function promisesOf({ name, promises, blocks }: Hello): Promises {
  const guard = { inside: 0, afterArea: 0, beforeNext: 0 };
  const kept = blocks === undefined ? ({ blocks: "no blocks" } as const) : {};
  return promisesOfOwn(name, { guard, placement: "none", blocks: "purged", ...promises, ...kept });
}

function lawJudged(id: string, { judged, unjudged }: LawsDriven): string {
  const law = lawNamed(id);
  if (judged.some((each) => each.id === law)) return law;
  const why = unjudged.find((each) => each.law === law)?.why ?? "it is not promised";
  throw new UsageError(`--law ${law} is not judged here: ${why}`);
}

/** One written history, as the child answers it now. */
async function rerun(
  run: Drive,
  { file, read }: { readonly file: string; readonly read: HistoryFile },
): Promise<DrivenHistories> {
  const { scope, commands } = read;
  const wrong = commands.findIndex((step) => run.offered(step, commands) === undefined);
  if (wrong >= 0) {
    const what = `command ${wrong + 1}, ${commands[wrong]?.op}`;
    throw new UsageError(`${file}: ${what}: this child cannot be asked for that`);
  }
  const { played, violating } = await playAgain(run, scope, commands);
  const found = violating && { ...violating, drawn: commands.length, again: true };
  return { histories: 1, commands: played.length, known: [], found };
}
