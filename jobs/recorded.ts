/** Recordings as the verbs take them: the promises that judge a trace, the chosen trace, its violations. */

import { InputError, inputError } from "../adapters/input-error.ts";
import { type JudgedReply, judgeReplies } from "../adapters/vmap/judge-recording.ts";
import {
  isObservable,
  promisesOf,
  readRecording,
  type Trace,
  UNOBSERVABLE,
} from "../adapters/vmap/recording.ts";
import { type AttributedViolation, attributeViolations } from "../counterexamples/vmap/index.ts";
import { place } from "../kernels/versions.ts";
import { kernelCalled } from "../kernels/vmap/index.ts";
import { vmapSpec } from "../model/vmap/vmap-spec.ts";
import type { ImmutableWorld } from "../model/vmap/world.ts";
import type { LawId } from "../spec/contract.ts";
import { versionOf } from "../spec/vmap/change.ts";
import { lawsCalled } from "../spec/vmap/laws/index.ts";
import type { VmapLaw } from "../spec/vmap/laws/law.ts";
import type { Promises } from "../spec/vmap/promises.ts";
import { inheritanceOf } from "./lineage.ts";
import { kernelNamed, placeOfKernel } from "./names.ts";
import { UsageError } from "./usage-error.ts";
import { labelAlike } from "./versions.ts";

/** Whether a file is a recording, by its name: `.jsonl` or `.jsonl.gz`. */
export function isRecording(file: string): boolean {
  return /\.jsonl(\.gz)?$/.test(file);
}

/** Throws a UsageError if a line is requested of a file that is no recording. */
export function refuseTrace(target: string, line: number | undefined): void {
  if (line === undefined || isRecording(target)) return;
  throw new UsageError(`--trace is for a recording (.jsonl, .jsonl.gz), and ${target} is none`);
}

/** The judge of a trace. */
export interface Judging {
  readonly promises: Promises;
  /** The promised laws, and the requested one, as far as the trace can show a violation of them. */
  readonly laws: readonly VmapLaw[];
  /** The other laws: no call or field of the trace can show a violation. */
  readonly unseen: readonly LawId[];
  /** The release whose bugs the catalogue knows; undefined for an allocator that is none. */
  readonly release: string | undefined;
  /** Whose promises they are, if not the recorded release's own. */
  readonly by: string | undefined;
}

export type RecordedReply = JudgedReply<ImmutableWorld>;

export interface JudgingOptions {
  /** The label whose promises judge it, in place of the trace's own. */
  readonly as?: string | undefined;
  /** The label whose promises judge it if the trace has none. */
  readonly fallback?: string | undefined;
  readonly law?: LawId | undefined;
}

/** Throws an InputError if nothing defines the trace's promises. */
export function judgingOf(trace: Trace, { law, fallback, as: asked }: JudgingOptions): Judging {
  if (law !== undefined && UNOBSERVABLE.includes(law))
    throw new UsageError(`no recording shows a violation of ${law}: it has no call and no field for it`);
  const own = kernelCalled(trace.label)?.release;
  const version = versionOf(trace.label);
  const says = own !== undefined || trace.promises !== undefined;
  const as = asked ?? (says ? undefined : (fallback ?? labelAlike(trace.label)));
  if (as === undefined && !says && version !== undefined) throw noOneRelease(trace);
  const promises = as === undefined ? (trace.promises ?? own ?? promisesOf(trace)) : kernelNamed(as).release;
  // A kernel without a model has the bugs of the one that it is taken for; any other allocator has its own.
  const isLinux = version !== undefined && place(version).era === "known";
  const known = own ?? (as !== undefined && isLinux ? promises : undefined);
  const by = promisesText(trace, promises, as, asked === undefined && fallback === undefined);
  const release = known?.labels[0];
  if (trace.cut !== undefined)
    return judgingOfCut(trace, trace.cut.law, law, { promises, unseen: [], release, by });
  const ids = law === undefined ? promises.laws : [...new Set([...promises.laws, law])];
  const unseen = ids.filter((id) => !isObservable(trace, id));
  return { promises, laws: lawsCalled(ids.filter((id) => !unseen.includes(id))), unseen, release, by };
}

/** A version that answers as no single release, and so has no promises to be judged by. */
function noOneRelease({ file, line, label }: Trace): InputError {
  const where = placeOfKernel(label);
  return inputError(
    file,
    line,
    `version: no kernel here is called ${JSON.stringify(label)}${where === undefined ? "" : `: ${where}`}: say --as LABEL for the promises of one`,
  );
}

/** A cut has what one law needs at its last step. It proves nothing on other laws and other steps. */
function judgingOfCut(
  { file, line }: Trace,
  law: LawId,
  asked: LawId | undefined,
  { by, ...rest }: Omit<Judging, "laws">,
): Judging {
  if (asked !== undefined && asked !== law)
    throw inputError(file, line, `cut.law: it was cut for ${law}, and says nothing of ${asked}`);
  const alone = `at its last step by ${law} alone`;
  return { ...rest, laws: lawsCalled([law]), by: by === undefined ? alone : `${by}; ${alone}` };
}

/** Whose promises they are; undefined if they are the recorded release's own. */
function promisesText(
  { label }: Trace,
  promises: Promises,
  as: string | undefined,
  isFound: boolean,
): string | undefined {
  const own = kernelCalled(label)?.release;
  if (as !== undefined && isFound) return `the promises of ${as}, as which ${label} answers`;
  if (as !== undefined) return promises === own ? undefined : `the promises of ${as}`;
  if (promises === own) return undefined;
  const { inside, afterArea, beforeNext } = promises.guard;
  const pages = [`${inside} inside`, `${afterArea} after`, `${beforeNext} before`];
  const guard = inside + afterArea + beforeNext === 0 ? "no guard page" : `guard pages ${pages.join(", ")}`;
  const frees = promises.releasesWhatItFlushes
    ? "an area stands until it is flushed"
    : promises.freesLazily
      ? "frees lazily"
      : "frees at once";
  return `its own promises: ${guard}, ${frees}`;
}

/** Every reply of a trace, judged; of a cut, the last. */
export function* judgeRecorded(
  { promises, laws }: Judging,
  trace: Pick<Trace, "scope" | "exchanges" | "cut">,
): Generator<RecordedReply> {
  const last = trace.exchanges.length - 1;
  for (const reply of judgeReplies<ImmutableWorld>(vmapSpec(promises), laws, trace)) {
    yield trace.cut === undefined || reply.index === last ? reply : { ...reply, laws: [], following: [] };
  }
}

/** The laws that a reply violates, each with the bug of the catalogue that explains it, if any. */
export function namesIn(
  { release }: Judging,
  { laws, ...seen }: RecordedReply,
): readonly AttributedViolation[] {
  if (laws.length === 0) return [];
  if (release === undefined) return laws.map(({ id }) => ({ law: id, bug: undefined, listed: false }));
  return attributeViolations(release, laws, seen, inheritanceOf(kernelNamed(release)).violations);
}

/** A trace of a recording, and how it is judged. */
export interface Chosen {
  readonly trace: Trace;
  readonly judging: Judging;
  /** The law that counts: the requested one, or the one that a cut was made for. */
  readonly law: LawId | undefined;
  /** Its first reply that violates that law, or any. */
  readonly violating: RecordedReply | undefined;
}

export interface ChoiceOptions extends JudgingOptions {
  /** The line of the trace, counted from 1. */
  readonly trace?: number | undefined;
}

/** The contents of a file without violations. */
export interface NoneViolating {
  readonly traces: number;
  readonly replies: number;
}

/** The trace on the requested line; else the first that violates the requested law, or any; else the only one. */
export async function chooseTrace(file: string, options: ChoiceOptions): Promise<Chosen | NoneViolating> {
  let [traces, replies] = [0, 0];
  let only: Chosen | undefined;
  for await (const trace of readRecording(file)) {
    if (options.trace !== undefined && trace.line !== options.trace) continue;
    const law = options.law ?? trace.cut?.law;
    const judging = judgingOf(trace, { ...options, law });
    const violating = firstViolating(judging, trace, law);
    const chosen = { trace, judging, law, violating };
    if (options.trace !== undefined || violating !== undefined) return chosen;
    traces += 1;
    replies += trace.exchanges.length;
    only = traces === 1 ? chosen : undefined;
  }
  if (options.trace !== undefined)
    throw new InputError(`${file}: there is no trace on line ${options.trace}`);
  return only ?? { traces, replies };
}

function firstViolating(judging: Judging, trace: Trace, law: LawId | undefined): RecordedReply | undefined {
  for (const reply of judgeRecorded(judging, trace)) {
    if (reply.laws.some(({ id }) => law === undefined || id === law)) return reply;
  }
  return undefined;
}
