/** `replay`: judges a history step by step: of calls on a kernel, of a recording as it is, or of interleaved steps. */
import { interleavingIn, isInterleaving } from "../adapters/interleaving-file.ts";
import { readJson } from "../adapters/json-file.ts";
import { isTreeRun, treeRunIn } from "../adapters/tree-run-file.ts";
import { type HistoryFile, LARGEST_FILE, readHistory } from "../adapters/vmap/history-file.ts";
import type { Bug, PinnedViolation } from "../counterexamples/bug.ts";
import type { InterleavedBug } from "../counterexamples/interleaved.ts";
import { interleavedCalled } from "../counterexamples/interleavings.ts";
import { bugCalled } from "../counterexamples/vmap/index.ts";
import { playing } from "../engine/run/stepper.ts";
import { benchFor, type JudgedStep } from "../properties/vmap/test-bench.ts";
import type { LawId } from "../spec/contract.ts";
import { isPromised, judgedAlsoBy, type Kernel } from "../spec/vmap/kernel.ts";
import { namesOf } from "./hunt-target.ts";
import { askedAs, bugNamed, kernelNamed, lawNamed, refuseUnmodelled } from "./names.ts";
import { pinnedFile, readPinnedInterleaving } from "./pinned.ts";
import { isRecording, refuseTrace } from "./recorded.ts";
import { type ReplayedRecording, replayRecording } from "./replay-recording.ts";
import { type ReplayedRun, replayRun } from "./replay-run.ts";
import { type Shortfall, shortfallsIn } from "./shortfalls.ts";
import { historyOfTrace } from "./trace-history.ts";
import { type ReplayedTreeRun, replayTreeRun } from "./tree-run.ts";
import { UsageError } from "./usage-error.ts";
import { meantFirst, stopText, type Violation } from "./violation.ts";

export interface ReplayOptions {
  /**
   * On our model of this kernel, or the protocol that describes it; by default on the kernel it was found on, or as
   * recorded.
   */
  readonly kernel?: string | Kernel | undefined;
  readonly law?: string | undefined;
  /** For a recording: the line of the trace. */
  readonly trace?: number | undefined;
  /** For a recording: the label whose promises judge it. */
  readonly as?: string | undefined;
  /** For a bug that has both: its history of calls (the default), or its interleaving. */
  readonly grain?: string | undefined;
}

/** A history of calls on a kernel. */
export interface ReplayedHistory {
  readonly kind: "history";
  readonly name: string;
  readonly history: HistoryFile;
  readonly kernel: Kernel;
  /** The kernel as requested. */
  readonly called: string;
  /** Whether it is a recorded trace, run on a model in place of the recorded allocator. */
  readonly rerun: boolean;
  /** The bug whose pinned history this is. */
  readonly bug: Bug | undefined;
  /** The only law to judge by, if one was requested. */
  readonly law: LawId | undefined;
  /** The index of its last step: the violating one, if there is one. */
  readonly last: number;
  /** The laws violated by the last step, with the law that counts first. */
  readonly violations: readonly Violation[];
  /** Where the kernel stopped, or did not return, in the last step: why. */
  readonly stopped: string | undefined;
  /** Shortfalls from other laws, which the kernel does not promise. */
  readonly shortfalls: readonly Shortfall[];
  /** Whether the catalogue expects that. */
  readonly expected: boolean;
  /** Its steps up to the last one, judged or only played. */
  play(judged: boolean): Iterable<JudgedStep>;
}

export type Replay = ReplayedHistory | ReplayedRecording | ReplayedRun | ReplayedTreeRun;

/** A file (a history, an interleaving or a recording), or a bug of the catalogue. */
export async function replay(target: string, options: ReplayOptions = {}): Promise<Replay> {
  refuseMisfits(target, options);
  const { kernel } = options;
  if (isOfSteps(target, options.grain)) return replayPinned(target, options);
  if (isRecording(target) && kernel === undefined) return replayRecording(target, options);
  if (isFile(target) && !isRecording(target)) {
    const json = await readJson(target, LARGEST_FILE);
    if (isTreeRun(json)) return replayTreeRun(target, treeRunIn(target, json), treeOf(target, options));
    if (isInterleaving(json)) return replayRun(target, interleavingIn(target, json), runOptions(options));
  }
  return replayHistory(await chooseHistory(target, options), options);
}

const isFile = (target: string) => /[./\\]/.test(target) && bugCalled(target) === undefined;

/** Throws a UsageError for options without effect here. */
function refuseMisfits(target: string, { as, kernel, trace, grain }: ReplayOptions): void {
  if (as !== undefined && kernel !== undefined)
    throw new UsageError("--as judges what was recorded, --kernel runs our model: which of them?");
  refuseTrace(target, trace);
  if (as !== undefined && !isRecording(target))
    throw new UsageError(`--as is for a recording (.jsonl, .jsonl.gz), and ${target} is none`);
  if (grain !== undefined && bugCalled(target) === undefined && interleavedCalled(target) === undefined)
    throw new UsageError(`--grain is for a bug of the catalogue, and ${target} is none`);
}

/** Whether a bug's interleaving is replayed: it has nothing else, or it was requested. */
function isOfSteps(target: string, grain: string | undefined): boolean {
  const grains = [...(bugCalled(target) ? ["call"] : []), ...(interleavedCalled(target) ? ["step"] : [])];
  if (grain !== undefined && grain !== "call" && grain !== "step")
    throw new UsageError(`--grain takes call or step, not ${JSON.stringify(grain)}`);
  if (grain !== undefined && grains.length > 0 && !grains.includes(grain))
    throw new UsageError(`${target} is pinned at the ${grains[0]} grain alone`);
  return grains.includes("step") && (grain === "step" || grains.length === 1);
}

async function replayPinned(name: string, options: ReplayOptions): Promise<ReplayedRun> {
  const bug = interleavedCalled(name) as InterleavedBug;
  const law = options.law ?? bug.violations[0]?.law;
  const broken = bug.violations.find((each) => each.law === law);
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
  if (typeof kernel === "string" && kernel.startsWith("tree:")) return kernel.slice("tree:".length);
  throw new UsageError(
    `${target} is a run of a tree's own code: expected --tree DIR, the tree to take it on`,
  );
}

function runOptions({ kernel, law }: ReplayOptions) {
  if (typeof kernel === "object")
    throw new UsageError(`${kernel.name}: an interleaving is taken on a protocol, not on a kernel`);
  return { kernel, law };
}

/** The chosen history, and the kernel to run it on. */
export type ChosenHistory = Pick<ReplayedHistory, "name" | "history" | "kernel" | "bug" | "rerun">;

async function chooseHistory(target: string, options: ReplayOptions): Promise<ChosenHistory> {
  const named = bugCalled(target);
  if (named === undefined && !isFile(target)) bugNamed(target);
  const pinned = named && choosePinned(named, options);
  const rerun = named === undefined && isRecording(target);
  const history =
    named !== undefined && pinned !== undefined
      ? await readHistory(pinnedFile(named, pinned))
      : rerun
        ? await historyOfTrace(target, kernelOf(options.kernel, "").name, {
            trace: options.trace,
            law: options.law && lawNamed(options.law),
          })
        : await readHistory(target);
  const name = pinned === undefined ? target : `${named?.id}/${pinned.pinned}`;
  return { name, history, kernel: kernelOf(options.kernel, history.kernel), bug: named, rerun };
}

const kernelOf = (asked: string | Kernel | undefined, own: string): Kernel =>
  typeof asked === "object" ? asked : kernelNamed(asked ?? own);

/** The bug's history for the requested law, preferably one pinned on the requested kernel. */
function choosePinned(bug: Bug, { law, kernel }: ReplayOptions): PinnedViolation {
  const candidates = bug.violations.filter((each) => law === undefined || each.law === lawNamed(law));
  const label = kernel === undefined ? undefined : kernelOf(kernel, "").name;
  const best = candidates.find((each) => label !== undefined && each.on.includes(label)) ?? candidates[0];
  if (best !== undefined) return best;
  const laws = [...new Set(bug.violations.map((each) => each.law))].join(", ");
  throw new UsageError(`${bug.id} does not violate ${law}; it violates ${laws}`);
}

export function replayHistory(chosen: ChosenHistory, options: ReplayOptions): ReplayedHistory {
  const { name, history, kernel, bug } = chosen;
  refuseUnmodelled(name, history, kernel);
  const law = options.law === undefined ? undefined : lawNamed(options.law);
  const { last, setting } = playTo(kernel, history, law);
  const violations = violationsOf(kernel, last, history, law);
  const [meant] = violations;
  const upTo = { ...history, commands: history.commands.slice(0, last.index + 1) };
  const isViolated = (id: string) => violations.some((each) => each.law === id);
  const shortfalls =
    law === undefined ? shortfallsIn(kernel, upTo).filter((each) => !isViolated(each.law.id)) : [];
  const isListed = bug?.violations.some((each) => each.law === history.law && each.on.includes(kernel.name));
  const asked = typeof options.kernel === "string" ? options.kernel : history.kernel;
  return {
    ...chosen,
    kind: "history",
    called: typeof options.kernel === "object" ? kernel.name : askedAs(asked, kernel),
    law,
    last: last.index,
    violations,
    stopped: last.response && stopText(last.response),
    shortfalls,
    expected: meant === undefined ? isListed !== true : meant.bug !== undefined || !meant.promised,
    play: (judged) => playing(judged ? setting : { ...setting, laws: [] }, upTo.commands, law ?? history.law),
  };
}

/** The violations of the last step: only the requested law, or all, with the history's own law first. */
function violationsOf(
  kernel: Kernel,
  last: JudgedStep,
  { law: own }: HistoryFile,
  asked: LawId | undefined,
): readonly Violation[] {
  const all = namesOf(kernel, last)
    .filter(({ law }) => asked === undefined || law === asked)
    .map(({ law, known, listed }) => {
      const bug = known === undefined ? undefined : bugCalled(known);
      return { law, bug, listed, promised: isPromised(kernel, law) };
    });
  return meantFirst(all, own);
}

/**
 * The step that violates the requested law, or the history's own law, promised or not; else the first that violates a
 * promised law; else the last. Also the kernel that judged it.
 */
function playTo(kernel: Kernel, { law, scope, commands }: HistoryFile, asked: LawId | undefined) {
  const meant = asked ?? law;
  const setting = benchFor(meant === undefined ? kernel : judgedAlsoBy(kernel, meant), scope);
  let first: JudgedStep | undefined;
  let last: JudgedStep | undefined;
  for (const now of playing(setting, commands, meant)) {
    last = now;
    if (now.violated.some(({ id }) => isPromised(kernel, id))) first ??= now;
  }
  const violatesIt = asked !== undefined || last?.violated.some(({ id }) => id === meant);
  return { last: (violatesIt ? last : (first ?? last)) as JudgedStep, setting };
}
