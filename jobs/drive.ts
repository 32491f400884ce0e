/** An allocator in a child process, asked by the line protocol of docs/drive.md and judged. */
import { InputError, oneLine } from "../adapters/input-error.ts";
import type { HistoryFile } from "../adapters/vmap/history-file.ts";
import { nameBreaks } from "../counterexamples/vmap/index.ts";
import { type Drive, type DriveReport, drive, playAgain } from "../properties/vmap/drive.ts";
import { drivenScopes, type LawsDriven, lawsDriven, offeredStep } from "../properties/vmap/driven-scopes.ts";
import type { Command, Response } from "../spec/vmap/commands.ts";
import { promisesOfOwn } from "../spec/vmap/own-promises.ts";
import type { Promises } from "../spec/vmap/releases.ts";
import { ChildError } from "../trees/child.ts";
import type { Driven } from "../trees/vmap/driven.ts";
import type { Hello } from "../trees/vmap/hello.ts";
import { kernelNamed, lawNamed } from "./names.ts";
import { UsageError } from "./usage-error.ts";
import { type Watch, Work } from "./work.ts";

export interface DriveRequest extends Watch {
  readonly seed: number;
  readonly runs: number;
  /** The only law whose violations count. */
  readonly law: string | undefined;
  /** The label whose promises are asked, in place of the child's own. */
  readonly as: string | undefined;
  /** What is run in place of random histories, and the name of its file. */
  readonly history: { readonly file: string; readonly read: HistoryFile } | undefined;
}

export interface DriveResult extends LawsDriven {
  readonly interrupted: boolean;
  readonly seconds: number;
  readonly hello: Hello;
  readonly promises: Promises;
  /** By whose promises it was judged. */
  readonly by: string;
  readonly report: DriveReport;
}

/** Throws an InputError for a child that cannot be started, or does not keep to the protocol. */
export async function driveChild(subject: Driven, request: DriveRequest): Promise<DriveResult> {
  const started = performance.now();
  const work = new Work(request);
  // It may be waiting for an answer that never comes.
  const end = () => void subject.end();
  request.signal?.addEventListener("abort", end);
  try {
    const driven = await driveSaid(subject, await subject.hello(), request, work);
    return { ...driven, interrupted: work.interrupted, seconds: (performance.now() - started) / 1000 };
  } catch (error) {
    if (error instanceof ChildError)
      throw new InputError(`${oneLine(subject.program)}: ${oneLine(error.message)}`);
    throw error;
  } finally {
    request.signal?.removeEventListener("abort", end);
    await subject.end();
  }
}

async function driveSaid(
  subject: Driven,
  hello: Hello,
  request: DriveRequest,
  work: Work,
): Promise<Omit<DriveResult, "interrupted" | "seconds">> {
  const { as, law, history } = request;
  const promises = as === undefined ? promisesOf(hello) : kernelNamed(as).release;
  if (promises.freesLazily && !hello.tells.has("flush"))
    throw new ChildError(
      'its answer to hello needs "tells flush", or "frees eager": else nobody can say when what was freed may be given out again',
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
  const report = history === undefined ? await drive(run, scopes, request) : await rerun(run, history);
  const own = hello.promises === undefined ? "what any allocator promises" : "its own promises";
  return { hello, promises, ...laws, report, by: as === undefined ? own : `the promises of ${as}` };
}

/**
 * The catalogue's names, of a kernel that is judged by the promises of a release: its bugs are known ones. Any other
 * allocator has its own.
 */
function namesOf({ name }: Hello, { labels }: Promises, as: string | undefined): Drive["name"] {
  const isLinux = as !== undefined && /^v?\d+(\.\d+)+/.test(name);
  if (!isLinux) return ({ broken }) => broken.map(({ id }) => ({ law: id, known: undefined }));
  return ({ broken, before, command, response, after }) =>
    nameBreaks(labels[0] as string, broken, {
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
async function rerun(run: Drive, { file, read }: NonNullable<DriveRequest["history"]>): Promise<DriveReport> {
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
