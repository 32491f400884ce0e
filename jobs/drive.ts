/** An allocator in a child process, asked by the line protocol of docs/drive.md and judged. */
import { InputError, oneLine } from "../adapters/input-error.ts";
import type { HistoryFile } from "../adapters/vmap/history-file.ts";
import { type Drive, type DriveReport, drive, playAgain } from "../properties/vmap/drive.ts";
import { drivenScopes, type LawsDriven, lawsDriven, offeredStep } from "../properties/vmap/driven-scopes.ts";
import { promisesOfOwn } from "../spec/vmap/own-promises.ts";
import type { Promises } from "../spec/vmap/releases.ts";
import { ChildError } from "../trees/child.ts";
import type { Driven } from "../trees/vmap/driven.ts";
import type { Hello } from "../trees/vmap/hello.ts";
import { kernelNamed, lawNamed } from "./names.ts";
import { UsageError } from "./usage-error.ts";

export interface DriveRequest {
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
  readonly hello: Hello;
  readonly promises: Promises;
  /** By whose promises it was judged. */
  readonly by: string;
  readonly report: DriveReport;
}

/** Throws an InputError for a child that cannot be started, or does not keep to the protocol. */
export async function driveChild(
  subject: Driven,
  request: DriveRequest,
  watching: Pick<Drive, "stopped" | "say">,
): Promise<DriveResult> {
  try {
    return await driveSaid(subject, await subject.hello(), request, watching);
  } catch (error) {
    if (error instanceof ChildError)
      throw new InputError(`${oneLine(subject.program)}: ${oneLine(error.message)}`);
    throw error;
  }
}

async function driveSaid(
  subject: Driven,
  hello: Hello,
  request: DriveRequest,
  watching: Pick<Drive, "stopped" | "say">,
): Promise<DriveResult> {
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
    ...watching,
    subject,
    promises,
    laws: laws.judged,
    law: law === undefined ? undefined : lawJudged(law, laws),
    offered: (step, steps) => offeredStep(step, steps, hello),
  };
  const report = history === undefined ? await drive(run, scopes, request) : await rerun(run, history);
  const own = hello.promises === undefined ? "what any allocator promises" : "its own promises";
  return { hello, promises, ...laws, report, by: as === undefined ? own : `the promises of ${as}` };
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
  return { histories: 1, commands: played.length, found };
}
