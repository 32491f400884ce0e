/** `replay`: judges a history step by step: of calls on a kernel, of a recording as it is, or of interleaved steps. */
import { interleavingIn, isInterleaving } from "../adapters/interleaving-file.ts";
import { readJson } from "../adapters/json-file.ts";
import { isTreeRun, treeRunIn } from "../adapters/tree-run-file.ts";
import { isWatchedCall, watchedCallIn } from "../adapters/watched-call-file.ts";
import { meantFirst, type Violation } from "../counterexamples/attribution.ts";
import type { InterleavedBug, InterleavedViolation } from "../counterexamples/interleaved.ts";
import { interleavedCalled } from "../counterexamples/interleavings.ts";
import { playing } from "../engine/run/stepper.ts";
import type { PlayedOf } from "../properties/run-choices.ts";
import type { LawId } from "../spec/contract.ts";
import type { Kernel as OwnKernel } from "../spec/vmap/kernel.ts";
import {
  type Bug,
  type HistoryFile,
  isPromised,
  judgedAlsoBy,
  type Kernel,
  type OpenWing,
  type PinnedViolation,
  type Terms,
} from "../spec/wing.ts";
import { type Shortfall, shortfallsIn } from "./check/shortfalls.ts";
import { isKnownOf, namesOf } from "./hunt-target.ts";
import { readHistory, readPinned, readPinnedInterleaving, readPinnedTreeRun } from "./pin/pinned.ts";
import { isRecording, refuseTrace } from "./recorded.ts";
import { historyOfTrace, type ReplayedRecording, replayRecording } from "./replay-recording.ts";
import { type ReplayedRun, replayRun } from "./replay-run.ts";
import { type ReplayedWatchedCall, replayWatchedCall } from "./trees/contexts.ts";
import { type ReplayedTreeRun, replayTreeRun } from "./trees/run.ts";
import { isTreeName, openTree, TREE_PREFIX } from "./trees/trees.ts";
import { UsageError } from "./usage-error.ts";
import {
  bugMeant,
  bugOf,
  kernelIn,
  kernelMeant,
  lawOf,
  noSuchBug,
  opened,
  recordedIn,
  writtenIn,
} from "./wings.ts";

export interface ReplayOptions {
  /**
   * On our model of this kernel, or the protocol that describes it; by default on the kernel it was found on, or as
   * recorded.
   */
  readonly kernel?: string | OwnKernel | undefined;
  readonly law?: string | undefined;
  /** For a recording: the line of the trace. */
  readonly trace?: number | undefined;
  /** For a recording: the label whose promises judge it. */
  readonly as?: string | undefined;
  /** For a bug that has both: its history of calls (the default), or its interleaving. */
  readonly grain?: string | undefined;
}

/** A history of calls on a kernel. */
export interface ReplayedHistory<T extends Terms = Terms> {
  readonly kind: "history";
  readonly wing: OpenWing<T>;
  readonly name: string;
  readonly history: HistoryFile<T>;
  readonly kernel: Kernel<T>;
  /** The kernel as requested. */
  readonly called: string;
  /** Whether it is a recorded trace, run on a model in place of the recorded allocator. */
  readonly rerun: boolean;
  /** The bug whose pinned history this is. */
  readonly bug: Bug<T> | undefined;
  /** The only law to judge by, if one was requested. */
  readonly law: LawId | undefined;
  /** The index of its last step: the violating one, if there is one. */
  readonly last: number;
  /** The laws violated by the last step, with the law that counts first. */
  readonly violations: readonly Violation<T>[];
  /** Where the kernel stopped, or did not return, in the last step: why. */
  readonly stopped: string | undefined;
  /** Shortfalls from other laws, which the kernel does not promise. */
  readonly shortfalls: readonly Shortfall<T>[];
  /** Whether the catalogue expects that. */
  readonly expected: boolean;
  /** Its steps up to the last one, judged or only played. */
  play(judged: boolean): Iterable<PlayedOf<T>>;
}

export type Replay =
  | ReplayedHistory
  | ReplayedRecording
  | ReplayedRun
  | ReplayedTreeRun
  | ReplayedWatchedCall;

/** A file (a history, an interleaving or a recording), or a bug of the catalogue. */
export async function replay(target: string, options: ReplayOptions = {}): Promise<Replay> {
  const named = isFile(target) ? undefined : await bugMeant(target);
  refuseMisfits(target, options, named?.bug);
  if (isOfSteps(target, options.grain, named?.bug)) return replayPinned(target, options);
  if (isRecording(target) && options.kernel === undefined) return replayRecording(target, options);
  if (isFile(target) && !isRecording(target)) {
    const json = await readJson(target);
    if (isWatchedCall(json)) {
      const tree = treeOf(target, options);
      return replayWatchedCall(target, watchedCallIn(target, json), openTree(tree, undefined));
    }
    if (isTreeRun(json)) return replayTreeRun(target, treeRunIn(target, json), treeOf(target, options));
    if (isInterleaving(json)) return replayRun(target, interleavingIn(target, json), runOptions(options));
  }
  const wing = await wingOf(target);
  const on = { ...options, ...(await onKernel(wing, options.kernel)) };
  return replayHistory(wing, await chooseHistory(wing, target, on), on);
}

/** The wing of a bug, a recording or a history. Throws a UsageError for a word that is none of these. */
async function wingOf(target: string): Promise<OpenWing> {
  if (isRecording(target)) return recordedIn(target);
  if (isFile(target)) return writtenIn(await readJson(target));
  const named = (await bugMeant(target)) ?? (await noSuchBug(target));
  return opened(named.wing);
}

const isFile = (target: string) => /[./\\]/.test(target);

/** Throws a UsageError for options without effect here. */
function refuseMisfits(
  target: string,
  { as, kernel, trace, grain }: ReplayOptions,
  named: Bug | undefined,
): void {
  if (as !== undefined && kernel !== undefined)
    throw new UsageError("--as judges what was recorded, --kernel runs our model: which of them?");
  refuseTrace(target, trace);
  if (as !== undefined && !isRecording(target))
    throw new UsageError(`--as is for a recording (.jsonl, .jsonl.gz), and ${target} is none`);
  if (grain !== undefined && named === undefined && interleavedCalled(target) === undefined)
    throw new UsageError(`--grain is for a bug of the catalogue, and ${target} is none`);
}

/** Whether a bug's interleaving is replayed: it has nothing else, or it was requested. */
function isOfSteps(target: string, grain: string | undefined, named: Bug | undefined): boolean {
  const grains = [...(named ? ["call"] : []), ...(interleavedCalled(target) ? ["step"] : [])];
  if (grain !== undefined && grain !== "call" && grain !== "step")
    throw new UsageError(`--grain takes call or step, not ${JSON.stringify(grain)}`);
  if (grain !== undefined && grains.length > 0 && !grains.includes(grain))
    throw new UsageError(`${target} is pinned at the ${grains[0]} grain alone`);
  return grains.includes("step") && (grain === "step" || grains.length === 1);
}

async function replayPinned(name: string, options: ReplayOptions): Promise<ReplayedRun | ReplayedTreeRun> {
  const bug = interleavedCalled(name) as InterleavedBug;
  if (isTree(options.kernel)) {
    const run = await readPinnedTreeRun(bug);
    if (run !== undefined) return replayTreeRun(name, run, treeOf(name, options));
  }
  const law = options.law ?? bug.violations[0]?.law;
  // A bug may violate a law on several machines, each with its own run.
  const of = bug.violations.filter((each) => each.law === law);
  const isAsked = ({ protocol, also = [] }: InterleavedViolation) =>
    [protocol, ...also].some((each) => each === options.kernel);
  const broken = of.find(isAsked) ?? of[0];
  if (broken === undefined)
    throw new UsageError(
      `${bug.id} does not violate ${law}; it violates ${bug.violations.map((each) => each.law).join(", ")}`,
    );
  const interleaving = await readPinnedInterleaving(bug, broken);
  return replayRun(name, interleaving, { ...runOptions(options), pinned: bug });
}

/** The directory of the tree that a run is taken on. */
function treeOf(target: string, { kernel, law }: ReplayOptions): string {
  if (law !== undefined) throw new UsageError(`--law ${law}: a run of a tree is taken for its own law`);
  if (isTree(kernel)) return kernel.slice(TREE_PREFIX.length);
  throw new UsageError(
    `${target} is a run of a tree's own code: expected --tree DIR, the tree to take it on`,
  );
}

const isTree = (kernel: ReplayOptions["kernel"]): kernel is string =>
  typeof kernel === "string" && isTreeName(kernel);

function runOptions({ kernel, law }: ReplayOptions) {
  if (isTree(kernel))
    throw new UsageError(
      `${kernel}: an interleaving of a protocol's steps is not taken on a tree; explore ${kernel} --calls pairs looks for a tree's own`,
    );
  if (typeof kernel === "object")
    throw new UsageError(`${kernel.name}: an interleaving is taken on a protocol, not on a kernel`);
  return { kernel, law };
}

/** The kernel to run on, and the word for it, if one was requested. */
export interface On<T extends Terms> {
  readonly kernel: Kernel<T> | undefined;
  readonly called: string | undefined;
}

/** Throws a UsageError for a kernel of another wing, which takes other commands. */
export async function onKernel<T extends Terms>(
  wing: OpenWing<T>,
  asked: string | Kernel<T> | undefined,
): Promise<On<T>> {
  if (typeof asked !== "string") return { kernel: asked, called: asked?.name };
  const kernel = wing.kernelCalled(asked);
  if (kernel !== undefined) return { kernel, called: asked };
  const { wing: other } = await kernelMeant(asked);
  throw new UsageError(`${asked} is a kernel of ${other.name}, and takes no commands of ${wing.name}`);
}

/** The chosen history, and the kernel to run it on. */
type ChosenHistory<T extends Terms = Terms> = Pick<
  ReplayedHistory<T>,
  "name" | "history" | "kernel" | "bug" | "rerun"
>;

type HistoryOptions<T extends Terms> = On<T> & Pick<ReplayOptions, "law" | "trace">;

export async function chooseHistory<T extends Terms>(
  wing: OpenWing<T>,
  target: string,
  { kernel, law, trace }: HistoryOptions<T>,
): Promise<ChosenHistory<T>> {
  const meant = law === undefined ? undefined : lawOf(wing, law);
  const bug = bugOf(wing, target);
  if (bug !== undefined) {
    const pinned = choosePinned(bug, meant, kernel);
    const history = await readPinned(wing, bug, pinned);
    const name = `${bug.id}/${pinned.pinned}`;
    return { name, history, kernel: kernel ?? kernelIn(wing, history.kernel), bug, rerun: false };
  }
  if (isRecording(target) && kernel !== undefined) {
    const history = await historyOfTrace(wing, target, kernel, { trace, law: meant });
    return { name: target, history, kernel, bug, rerun: true };
  }
  const history = await readHistory(wing, target);
  return { name: target, history, kernel: kernel ?? kernelIn(wing, history.kernel), bug, rerun: false };
}

/** The bug's history for the requested law, preferably one pinned on the requested kernel. */
function choosePinned<T extends Terms>(
  bug: Bug<T>,
  law: LawId | undefined,
  kernel: Kernel<T> | undefined,
): PinnedViolation<T> {
  const candidates = bug.violations.filter((each) => law === undefined || each.law === law);
  const isOn = ({ on }: PinnedViolation<T>) => kernel !== undefined && on.includes(kernel.name);
  const best = candidates.find(isOn) ?? candidates[0];
  if (best !== undefined) return best;
  const laws = [...new Set(bug.violations.map((each) => each.law))].join(", ");
  throw new UsageError(`${bug.id} does not violate ${law}; it violates ${laws}`);
}

/** Throws a UsageError if a history has a command that a kernel does not model. */
export function refuseUnmodelled<T extends Terms>(
  wing: OpenWing<T>,
  name: string,
  { commands }: HistoryFile<T>,
  kernel: Kernel<T>,
): void {
  const why = wing.whyUnmodelled(commands, kernel);
  if (why !== undefined) throw new UsageError(`${name}: ${why}, and not in ${kernel.name}`);
}

export function replayHistory<T extends Terms>(
  wing: OpenWing<T>,
  chosen: ChosenHistory<T>,
  options: Pick<HistoryOptions<T>, "law" | "called">,
): ReplayedHistory<T> {
  const { name, history, kernel, bug } = chosen;
  refuseUnmodelled(wing, name, history, kernel);
  const law = options.law === undefined ? undefined : lawOf(wing, options.law);
  const { last, bench } = playTo(wing, kernel, history, law);
  const upTo = { ...history, commands: history.commands.slice(0, last.index + 1) };
  const violations = violationsOf(wing, kernel, last, upTo, law);
  const [meant] = violations;
  const isViolated = (id: string) => violations.some((each) => each.law === id);
  const isListed = bug?.violations.some((each) => each.law === history.law && each.on.includes(kernel.name));
  return {
    ...chosen,
    kind: "history",
    wing,
    called: wing.askedAs(options.called ?? history.kernel, kernel),
    law,
    last: last.index,
    violations,
    stopped: last.response && wing.stopText(last.response),
    // Judged only where it is asked for: it plays the history once more.
    get shortfalls() {
      return law === undefined
        ? shortfallsIn(wing, kernel, upTo).filter((each) => !isViolated(each.law.id))
        : [];
    },
    expected: meant === undefined ? isListed !== true : !meant.promised || isKnownOf(wing, kernel, meant),
    play: (judged) => playing(judged ? bench : { ...bench, laws: [] }, upTo.commands, law ?? history.law),
  };
}

/** The violations of the last step: only the requested law, or all, with the history's own law first. */
function violationsOf<T extends Terms>(
  wing: OpenWing<T>,
  kernel: Kernel<T>,
  last: PlayedOf<T>,
  history: HistoryFile<T>,
  asked: LawId | undefined,
): readonly Violation<T>[] {
  const all = namesOf(wing, kernel, last, history)
    .filter(({ law }) => asked === undefined || law === asked)
    .map(({ law, known, listed }) => {
      const found = known === undefined ? undefined : bugOf(wing, known);
      const promised = isPromised(kernel, law);
      if (found === undefined || isKnownOf(wing, kernel, { law, bug: found, listed }))
        return { law, bug: found, listed, promised };
      return { law, bug: undefined, alike: found, listed: false, promised };
    });
  return meantFirst(all, history.law);
}

/**
 * The step that violates the requested law, or the history's own law, promised or not; else the first that violates a
 * promised law; else the last. Also the bench that judged it.
 */
function playTo<T extends Terms>(
  wing: OpenWing<T>,
  kernel: Kernel<T>,
  { law, scope, commands }: HistoryFile<T>,
  asked: LawId | undefined,
) {
  const meant = asked ?? law;
  const bench = wing.bench(meant === undefined ? kernel : judgedAlsoBy(kernel, meant), scope);
  let first: PlayedOf<T> | undefined;
  let last: PlayedOf<T> | undefined;
  for (const now of playing(bench, commands, meant)) {
    last = now;
    if (now.violated.some(({ id }) => isPromised(kernel, id))) first ??= now;
  }
  const violatesIt = asked !== undefined || last?.violated.some(({ id }) => id === meant);
  return { last: (violatesIt ? last : (first ?? last)) as PlayedOf<T>, bench };
}
