/** Which promises judge a recorded trace of this wing, and what they say of its replies. */
import { type InputError, inputError } from "../../adapters/input-error.ts";
import { type JudgedReply, judgeReplies } from "../../adapters/vmap/judge-recording.ts";
import { isObservable, promisesOf, type Trace, UNOBSERVABLE } from "../../adapters/vmap/recording.ts";
import { place } from "../../kernels/versions.ts";
import { kernelCalled } from "../../kernels/vmap/index.ts";
import { vmapSpec } from "../../model/vmap/vmap-spec.ts";
import type { ImmutableWorld } from "../../model/vmap/world.ts";
import type { LawId } from "../../spec/contract.ts";
import { versionOf } from "../../spec/vmap/change.ts";
import { lawsCalled } from "../../spec/vmap/laws/index.ts";
import type { Promises } from "../../spec/vmap/promises.ts";
import type { VmapTerms } from "../../spec/vmap/terms.ts";
import type { Judging, JudgingOptions } from "../../spec/wing.ts";
import { kernelNamed, placeOfKernel } from "../names.ts";
import { UsageError } from "../usage-error.ts";
import { labelAlike } from "../versions.ts";

export interface VmapJudging extends Judging<VmapTerms> {
  readonly promises: Promises;
}

export type RecordedReply = JudgedReply<ImmutableWorld>;

/** Throws an InputError if nothing defines the trace's promises. */
export function judgingOf(trace: Trace, { law, fallback, as: asked }: JudgingOptions): VmapJudging {
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
  const promised = promises.laws;
  if (trace.cut !== undefined)
    return judgingOfCut(trace, trace.cut.law, law, { promises, promised, unseen: [], release, by });
  const ids = law === undefined ? promises.laws : [...new Set([...promises.laws, law])];
  const unseen = ids.filter((id) => !isObservable(trace, id));
  const laws = lawsCalled(ids.filter((id) => !unseen.includes(id)));
  return { promises, promised, laws, unseen, release, by };
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
  { by, ...rest }: Omit<VmapJudging, "laws">,
): VmapJudging {
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
  { promises, laws }: VmapJudging,
  trace: Pick<Trace, "scope" | "exchanges" | "cut">,
): Generator<RecordedReply> {
  const last = trace.exchanges.length - 1;
  for (const reply of judgeReplies<ImmutableWorld>(vmapSpec(promises), laws, trace)) {
    yield trace.cut === undefined || reply.index === last ? reply : { ...reply, laws: [], following: [] };
  }
}
