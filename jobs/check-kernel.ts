/** The main job for one kernel: kept failures, then pinned histories, then random ones. */
import { readHistory } from "../adapters/vmap/history-file.ts";
import type { Bug } from "../counterexamples/bug.ts";
import { bugCalled } from "../counterexamples/vmap/index.ts";
import { lastPlayed } from "../engine/run/stepper.ts";
import { type KnownViolation, randomRun } from "../properties/vmap/random-run.ts";
import { benchFor, type JudgedStep } from "../properties/vmap/test-bench.ts";
import type { LawId } from "../spec/contract.ts";
import { FAILURE_LAWS, PROCESS_LAWS } from "../spec/process.ts";
import type { HistoryStep } from "../spec/vmap/history.ts";
import { isPromised, judgedAlsoBy, type Kernel } from "../spec/vmap/kernel.ts";
import { ALL_LAWS } from "../spec/vmap/laws/index.ts";
import type { Promises } from "../spec/vmap/promises.ts";
import { lineageOf } from "../spec/vmap/releases.ts";
import type { Scope } from "../spec/vmap/scope.ts";
import { witnessesFor } from "../spec/vmap/witnesses.ts";
import { EXPLORED_SCOPE, type ExploredKernel, exploreKernel } from "./check-explored.ts";
import { dropFailure, keepFailure, keptFailures } from "./failures.ts";
import { namesOf } from "./hunt-target.ts";
import { inheritanceOf } from "./lineage.ts";
import { replayLine } from "./names.ts";
import { allPinned, pinnedFile } from "./pinned.ts";
import { turns } from "./random-turns.ts";
import { Work } from "./work.ts";

/** The default number of random histories in each scope: enough to reach every witness of every kernel. */
export const USUAL_RUNS = 1500;

/** The verdict on one law for one kernel. */
export interface Cell {
  readonly law: LawId;
  readonly verdict: "kept" | "broken" | "not-promised" | "not-tried";
  /** The grounds of the verdict beside pinned histories: random ones, a small space alone, or nothing. */
  readonly tried: "random" | "visited" | "nothing";
  /**
   * The slug of the bug that explains the violation, or the shortfall from a law that is not promised; null if there is
   * none.
   */
  readonly bug: string | null;
  /** Commands of the shortest history known, the violating one included. */
  readonly commands: number | null;
  /** The line that replays it. */
  readonly replay: string | null;
  /** Every bug that violated it, the best known first. */
  readonly bugs: readonly SeenViolation[];
}

export interface SeenViolation {
  readonly bug: string;
  readonly commands: number;
  readonly replay: string | null;
}

/** A surprise: an unknown violation, an expected one gone, or a witness never reached. */
export interface Surprise {
  readonly kind: "unknown" | "gone" | "unmet";
  readonly kernel: string;
  readonly what: string;
  readonly law: LawId | null;
  /** For a tree: the bug of the catalogue that explains it, which the release does not have. */
  readonly bug?: string;
  /** For an unknown violation: its history, and the line that replays it. */
  readonly history: readonly HistoryStep[] | null;
  readonly scope: Scope | null;
  readonly replay: string | null;
}

export interface KernelReport {
  readonly kernel: Kernel;
  readonly cells: readonly Cell[];
  readonly surprises: readonly Surprise[];
  readonly histories: number;
  readonly commands: number;
  /** How often each witness and each path inside the kernel was taken. */
  readonly seen: ReadonlyMap<string, number>;
  /** For a run shorter than usual: the witnesses it never reached. It proves nothing about them. */
  readonly unmet: readonly string[];
  /** The slugs of bugs of the kernel it was derived from that it does not have. */
  readonly gone: readonly string[];
  /** The exploration of a small space; undefined if the run was interrupted before. */
  readonly explored: ExploredKernel | undefined;
}

export interface KernelOptions {
  readonly seed: number;
  /** Random histories in each scope. */
  readonly runs: number;
  readonly law: LawId | undefined;
  readonly coverage: "counted" | "compared" | undefined;
  readonly keepsFailures: boolean;
}

export async function checkKernel(
  kernel: Kernel,
  options: KernelOptions,
  work: Work = new Work({}),
): Promise<KernelReport> {
  const violations = new Map<LawId, SeenViolation[]>();
  const kept = options.keepsFailures ? await tryKept(kernel) : [];
  const surprises: Surprise[] = [...kept, ...(await tryPinned(kernel, options, violations))];
  const { gone } = inheritanceOf(kernel);
  const explored = await tryWhole(kernel, options, work, surprises);
  const seen = new Map<string, number>();
  let histories = 0;
  let commands = 0;
  let isFound = false;
  for (const { asked, scope, histories: wanted, seed } of turns(kernel, options)) {
    // Where something is found, what is asked beside is still asked.
    if (isFound && asked === kernel) continue;
    if (await work.turn(`${kernel.name}: random histories in ${scope.name}, ${histories} so far`)) break;
    const report = randomRun({
      kernel: asked,
      scope,
      seed,
      histories: wanted,
      law: options.law,
      name: (step) => namesOf(kernel, step),
    });
    histories += report.histories;
    commands += report.commands;
    for (const [id, times] of report.seen) seen.set(id, (seen.get(id) ?? 0) + times);
    for (const known of report.known) noteKnown(violations, known);
    if (report.unknown === undefined) continue;
    await addUnknown(surprises, kernel, report.unknown, options);
    if (asked !== kernel) break;
    isFound = true;
  }
  const complete = options.law === undefined && work.stop === false && options.runs > 0;
  const unmet = complete && surprises.length === 0 ? neverSeen(kernel, seen) : [];
  const isLong = options.runs >= USUAL_RUNS;
  if (isLong) surprises.push(...unmet.map((id) => witnessUnmet(kernel, id)));
  // Laws of code that runs are checked only for such code.
  const ofCode = [...PROCESS_LAWS, ...FAILURE_LAWS];
  const isAsked = (id: LawId) => isPromised(kernel, id) || !ofCode.some((law) => law.id === id);
  const laws = ALL_LAWS.filter(({ id }) => (options.law === undefined ? isAsked(id) : id === options.law));
  const triedFor = (law: LawId) =>
    histories > 0 ? "random" : explored?.laws.includes(law) ? "visited" : "nothing";
  return {
    kernel,
    cells: laws.map(({ id }) => {
      const unknown = surprises.find(({ kind, law }) => kind === "unknown" && law === id);
      const bugs = (violations.get(id) ?? []).sort(bestKnownFirst);
      return cell(kernel, id, triedFor(id), bugs, unknown);
    }),
    surprises,
    histories,
    commands,
    seen,
    unmet: isLong ? [] : unmet,
    explored,
    gone: gone.map(({ id }) => id),
  };
}

/** Every state of a small space. A violation there that the catalogue does not know is a surprise. */
async function tryWhole(
  kernel: Kernel,
  options: KernelOptions,
  work: Work,
  surprises: Surprise[],
): Promise<ExploredKernel | undefined> {
  if (await work.turn(`${kernel.name}: every state of ${EXPLORED_SCOPE}`)) return undefined;
  const { seed, runs, coverage } = options;
  const counted = coverage === undefined ? 0 : runs;
  const explored = exploreKernel(kernel, { seed, runs: counted, compare: coverage === "compared" });
  for (const { law, history, bug } of explored.violations) {
    if (bug !== undefined || (options.law !== undefined && law !== options.law)) continue;
    await addUnknown(surprises, kernel, { law, scope: explored.scope, history }, options);
  }
  return explored;
}

/** An unknown violation precedes those that the catalogue knows. */
function cell(
  kernel: Kernel,
  law: LawId,
  tried: Cell["tried"],
  bugs: readonly SeenViolation[],
  unknown: Surprise | undefined,
): Cell {
  const found = unknown && {
    bug: unknown.bug ?? null,
    commands: unknown.history?.length ?? null,
    replay: unknown.replay,
  };
  const first = found ?? bugs[0];
  const { bug, commands, replay } = first ?? { bug: null, commands: null, replay: null };
  const unbroken = tried === "nothing" ? "not-tried" : "kept";
  const verdict = !isPromised(kernel, law) ? "not-promised" : first === undefined ? unbroken : "broken";
  return { law, verdict, tried, bug, commands, replay, bugs };
}

/** Failures that earlier runs kept: they are tried first, and removed once they no longer fail. */
async function tryKept(kernel: Kernel): Promise<Surprise[]> {
  const surprises: Surprise[] = [];
  for (const { path, history } of await keptFailures(kernel.name)) {
    const last = lastPlayed(benchFor(kernel, history.scope), history.commands, history.law) as JudgedStep;
    const unknown = namesOf(kernel, last).find(
      ({ law, known }) => known === undefined && (history.law === undefined || law === history.law),
    );
    if (unknown === undefined) {
      await dropFailure(path);
      continue;
    }
    surprises.push({
      kind: "unknown",
      kernel: kernel.name,
      what: `${unknown.law} is ${UNKNOWN} (kept from an earlier run)`,
      law: unknown.law,
      history: history.commands,
      scope: history.scope,
      replay: replayLine(path),
    });
  }
  return surprises;
}

/** Every pinned history that the catalogue says violates a law here, promised or not. */
async function tryPinned(
  kernel: Kernel,
  { law }: KernelOptions,
  violations: Map<LawId, SeenViolation[]>,
): Promise<Surprise[]> {
  const surprises: Surprise[] = [];
  const inherited = inheritanceOf(kernel).violations;
  const here = allPinned().filter(
    ({ pinned }) =>
      (pinned.on.includes(kernel.name) || inherited.has(pinned)) && (law === undefined || pinned.law === law),
  );
  for (const { bug, pinned } of here) {
    const history = await readHistory(pinnedFile(bug, pinned));
    const setting = benchFor(judgedAlsoBy(kernel, pinned.law), history.scope);
    const last = lastPlayed(setting, history.commands, pinned.law) as JudgedStep;
    const words = `${bug.id} --law ${pinned.law} --kernel ${kernel.name}`;
    const violatesIt = namesOf(kernel, last).some((each) => each.law === pinned.law && each.known === bug.id);
    if (violatesIt) {
      const known = violations.get(pinned.law) ?? [];
      known.push({ bug: bug.id, commands: last.index + 1, replay: replayLine(words) });
      violations.set(pinned.law, known);
      const { release } = kernel;
      if (release.compiled && !hasBug(release, bug, pinned.law)) {
        surprises.push({
          kind: "unknown",
          kernel: kernel.name,
          what: `it violates ${pinned.law} by ${bug.id}${numberText(bug)}, which ${release.like} has not`,
          law: pinned.law,
          bug: bug.id,
          history: history.commands,
          scope: history.scope,
          replay: replayLine(words),
        });
      }
    } else if (!kernel.release.compiled) {
      // For changed code only further violations are surprises: `gone` lists the bugs that it does not have.
      surprises.push({
        kind: "gone",
        kernel: kernel.name,
        what: isPromised(kernel, pinned.law)
          ? `${bug.id} no longer violates ${pinned.law} with its pinned history`
          : `${kernel.name} no longer falls short of ${pinned.law}, which it does not promise, with the history pinned for ${bug.id}`,
        law: pinned.law,
        history: history.commands,
        scope: history.scope,
        replay: replayLine(words),
      });
    }
  }
  return surprises;
}

/** Whether the catalogue has it that the bug violates this law on the release, or on one it was derived from, by any history. */
function hasBug(release: Promises, bug: Bug, law: LawId): boolean {
  const labels = lineageOf(release);
  return bug.violations.some((each) => each.law === law && each.on.some((label) => labels.includes(label)));
}

const numberText = ({ number }: Bug): string => (number === undefined ? "" : ` (${number})`);

/** Bugs with a number first, and of these the one on the fewest kernels, as the most specific. */
function bestKnownFirst(a: SeenViolation, b: SeenViolation): number {
  const [first, second] = [bugCalled(a.bug), bugCalled(b.bug)];
  return (
    Number(first?.latent ?? false) - Number(second?.latent ?? false) || kernelsOf(first) - kernelsOf(second)
  );
}

/** On how many kernels a bug violates anything. */
function kernelsOf(bug: Bug | undefined): number {
  return new Set(bug?.violations.flatMap(({ on }) => on)).size;
}

/** Notes a known bug found at random. If its pinned history is noted already, that is the shorter one. */
function noteKnown(violations: Map<LawId, SeenViolation[]>, { law, known, commands }: KnownViolation): void {
  const seen = violations.get(law) ?? [];
  if (!seen.some(({ bug }) => bug === known)) seen.push({ bug: known, commands, replay: null });
  violations.set(law, seen);
}

/** A violation that the catalogue does not know is reported once for each law, by the shortest history found. */
async function addUnknown(
  surprises: Surprise[],
  kernel: Kernel,
  {
    law,
    scope,
    history,
  }: { readonly law: LawId; readonly scope: Scope; readonly history: readonly HistoryStep[] },
  { keepsFailures }: KernelOptions,
): Promise<void> {
  const before = surprises.findIndex((each) => each.kind === "unknown" && each.law === law);
  const length = surprises[before]?.history?.length;
  if (length !== undefined && length <= history.length) return;
  const failure = { kernel: kernel.name, law, scope, commands: history };
  const path = keepsFailures ? await keepFailure(failure) : undefined;
  const surprise: Surprise = {
    kind: "unknown",
    kernel: kernel.name,
    what: `${law} is ${UNKNOWN}`,
    law,
    history,
    scope,
    replay: path === undefined ? null : replayLine(path),
  };
  if (before === -1) surprises.push(surprise);
  else surprises[before] = surprise;
}

const UNKNOWN = "violated in a way the catalogue does not know";

/** Witnesses, and paths inside this kernel, that no random history reached. */
function neverSeen(kernel: Kernel, seen: ReadonlyMap<string, number>): readonly string[] {
  const ids = [...witnessesFor(kernel.release).map(({ id }) => id), ...kernel.paths];
  return ids.filter((id) => !seen.has(id));
}

function witnessUnmet(kernel: Kernel, id: string): Surprise {
  return {
    kind: "unmet",
    kernel: kernel.name,
    what: `witness ${id} was never reached: the run proves nothing about it`,
    law: null,
    history: null,
    scope: null,
    replay: null,
  };
}
