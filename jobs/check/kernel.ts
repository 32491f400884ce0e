/** The main job for one kernel: kept failures, then pinned histories, then random ones. */
import { InputError } from "../../adapters/input-error.ts";
import { lastPlayed } from "../../engine/run/stepper.ts";
import { bringDown } from "../../properties/bring-down.ts";
import { type KnownViolation, randomRun, type Unknown } from "../../properties/random-run.ts";
import type { PlayedOf } from "../../properties/run-choices.ts";
import type { LawId } from "../../spec/contract.ts";
import {
  type Bug,
  type Histories,
  isPromised,
  judgedAlsoBy,
  type Kernel,
  type OpenWing,
  type ScopedHistory,
  type Terms,
} from "../../spec/wing.ts";
import { dropFailure, type KeptFailure, keepFailure, keptFailures } from "../failures.ts";
import { expectedIn, isUnexpected } from "../hunt-target.ts";
import { replayLine } from "../names.ts";
import { allPinned, readPinned } from "../pin/pinned.ts";
import { bugOf, writtenIn } from "../wings.ts";
import { Work } from "../work.ts";
import { type ExploredKernel, exploreKernel } from "./explored.ts";
import {
  type Cell,
  type KernelOptions,
  type KernelReport,
  type SeenViolation,
  type Surprise,
  UNKNOWN,
  unconfirmed,
  unknownText,
} from "./kernel-report.ts";

export type { Cell, KernelOptions, KernelReport, SeenViolation, Surprise } from "./kernel-report.ts";

/** The default number of random histories in each scope: enough to reach every witness of every kernel. */
export const USUAL_RUNS = 1500;

export async function checkKernel<T extends Terms>(
  wing: OpenWing<T>,
  kernel: Kernel<T>,
  options: KernelOptions,
  work: Work = new Work({}),
): Promise<KernelReport<T>> {
  const { histories: drawn } = await wing.search();
  const violations = new Map<LawId, SeenViolation[]>();
  const kept = options.keepsFailures ? await keptFailures(wing, kernel.name) : [];
  const examples = await examplesOf(wing, options.examples ?? []);
  const surprises = await tryKept(wing, kernel, [...kept, ...examples]);
  await tryPinned(wing, kernel, options, violations, surprises);
  const { gone } = wing.inheritanceOf(kernel);
  const explored = await tryWhole(wing, kernel, options, work, surprises);
  const seen = new Map<string, number>();
  let histories = 0;
  let commands = 0;
  let found = 0;
  const most = kernel.release.compiled === true ? MOST_FOUND : 1;
  const isReported = (law: LawId) =>
    most > 1 && surprises.some((each) => each.kind === "unknown" && each.law === law);
  for (const { asked, scope, histories: wanted, seed } of turns(drawn, kernel, options)) {
    // Where enough is found, what is asked beside is still asked.
    if (found >= most && asked === kernel) continue;
    if (await work.turn(`${kernel.name}: random histories in ${scope.name}, ${histories} so far`)) break;
    const report = randomRun(drawn, {
      kernel: asked,
      scope,
      seed,
      histories: wanted,
      law: options.law,
      name: (step, history) =>
        expectedIn(wing, kernel, step, { scope, commands: history }).filter(
          ({ law, known }) => known !== undefined || !isReported(law),
        ),
    });
    histories += report.histories;
    commands += report.commands;
    for (const [id, times] of report.seen) seen.set(id, (seen.get(id) ?? 0) + times);
    for (const known of report.known) noteKnown(violations, known);
    if (report.unknown === undefined) continue;
    await addUnknown(wing, surprises, kernel, report.unknown, options);
    if (asked !== kernel) break;
    found += 1;
  }
  const complete = options.law === undefined && work.stop === false && options.runs > 0;
  const unmet = complete && surprises.length === 0 ? neverSeen(drawn, kernel, seen) : [];
  const isLong = options.runs >= USUAL_RUNS;
  if (isLong) surprises.push(...unmet.map((id) => witnessUnmet<T>(kernel, id)));
  const laws = wing.lawsFor(kernel).filter(({ id }) => options.law === undefined || id === options.law);
  const triedFor = (law: LawId) =>
    histories > 0 ? "random" : explored?.laws.includes(law) ? "visited" : "nothing";
  const rank = (each: SeenViolation) => rankOf(bugOf(wing, each.bug));
  return {
    wing,
    kernel,
    cells: laws.map(({ id }) => {
      const unknown = surprises.find(({ kind, law }) => kind === "unknown" && law === id);
      const bugs = (violations.get(id) ?? []).sort((a, b) => rank(a) - rank(b));
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

/** Unknown violations of compiled code that are looked for at random, each of another law: each is shrunk on that code. */
const MOST_FOUND = 8;

/** Histories drawn before anything else may happen: a fraction of a second. */
const TURN = 500;

/** The random histories of a run, some hundreds at a time, every scope in turn; then what is drawn beside. */
export function* turns<T extends Terms>(
  drawn: Histories<T>,
  kernel: Kernel<T>,
  { runs, seed }: { readonly runs: number; readonly seed: number },
): Iterable<{ asked: Kernel<T>; scope: T["scope"]; histories: number; seed: number }> {
  const scopes = drawn.scopesFor(kernel);
  const all = drawn.inEachScope(runs);
  for (let done = 0, turn = 0; done < all; done += TURN, turn++) {
    for (const scope of scopes)
      yield { asked: kernel, scope, histories: Math.min(TURN, all - done), seed: seed + turn };
  }
  for (const { asked, scope, most } of drawn.beside(kernel))
    yield { asked, scope, histories: Math.min(most, runs), seed };
}

/** Every state of a small space. A violation there that the catalogue does not know is a surprise. */
async function tryWhole<T extends Terms>(
  wing: OpenWing<T>,
  kernel: Kernel<T>,
  options: KernelOptions,
  work: Work,
  surprises: Surprise<T>[],
): Promise<ExploredKernel<T> | undefined> {
  const { spaces } = await wing.search();
  if (await work.turn(`${kernel.name}: every state of ${spaces.whole.scope}`)) return undefined;
  const { seed, runs, coverage } = options;
  const counted = coverage === undefined ? 0 : runs;
  const how = { seed, runs: counted, compare: coverage === "compared" };
  const explored = await exploreKernel(wing, kernel, how);
  for (const { law, history, bug } of explored.violations) {
    if (bug !== undefined || (options.law !== undefined && law !== options.law)) continue;
    await addUnknown(wing, surprises, kernel, { law, scope: explored.scope, history }, options, {
      shortestIn: explored.space,
    });
  }
  for (const law of explored.unconfirmed) surprises.push(unconfirmed(kernel, law));
  return explored;
}

/** An unknown violation precedes those that the catalogue knows. */
function cell<T extends Terms>(
  kernel: Kernel<T>,
  law: LawId,
  tried: Cell["tried"],
  bugs: readonly SeenViolation[],
  unknown: Surprise<T> | undefined,
): Cell {
  const found = unknown && {
    bug: null,
    commands: unknown.history?.length ?? null,
    replay: unknown.replay,
  };
  const first = found ?? bugs[0];
  const { bug, commands, replay } = first ?? { bug: null, commands: null, replay: null };
  const unbroken = tried === "nothing" ? "not-tried" : "kept";
  const verdict = !isPromised(kernel, law) ? "not-promised" : first === undefined ? unbroken : "broken";
  return { law, verdict, tried, bug, alike: unknown?.alike ?? [], commands, replay, bugs };
}

/** Failures that earlier runs kept: they are tried first, and removed once they no longer fail. */
async function tryKept<T extends Terms>(
  wing: OpenWing<T>,
  kernel: Kernel<T>,
  kept: readonly KeptFailure<T>[],
): Promise<Surprise<T>[]> {
  const surprises: Surprise<T>[] = [];
  for (const { path, history } of kept) {
    const bench = wing.bench(kernel, history.scope);
    const last = lastPlayed(bench, history.commands, history.law) as PlayedOf<T>;
    const unknown = expectedIn(wing, kernel, last, history).find(
      ({ law, known }) => known === undefined && (history.law === undefined || law === history.law),
    );
    if (unknown === undefined) {
      if (path !== undefined) await dropFailure(path);
      continue;
    }
    surprises.push({
      kind: "unknown",
      kernel: kernel.name,
      what: `${unknown.law} is ${UNKNOWN} (kept from ${path === undefined ? "another" : "an earlier"} run)`,
      law: unknown.law,
      history: history.commands,
      scope: history.scope,
      replay: path === undefined ? null : replayLine(path),
    });
  }
  return surprises;
}

/** The examples that are histories of this wing; those of kernels that are not here are left out. */
async function examplesOf<T extends Terms>(
  wing: OpenWing<T>,
  texts: readonly string[],
): Promise<readonly KeptFailure<T>[]> {
  const kept: KeptFailure<T>[] = [];
  for (const text of texts) {
    try {
      const json: unknown = JSON.parse(text);
      if ((await writtenIn(json)).name !== wing.name) continue;
      kept.push({ path: undefined, history: wing.files.historyIn("an example", json) });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
    }
  }
  return kept;
}

/**
 * Every pinned history that the catalogue says violates a law here, promised or not. Compiled code may violate one by
 * the history of a bug that its release has not: that is shrunk, and reported as unknown.
 */
async function tryPinned<T extends Terms>(
  wing: OpenWing<T>,
  kernel: Kernel<T>,
  options: KernelOptions,
  violations: Map<LawId, SeenViolation[]>,
  surprises: Surprise<T>[],
): Promise<void> {
  const { law } = options;
  const inherited = wing.inheritanceOf(kernel).violations;
  const here = allPinned(wing).filter(
    ({ pinned }) =>
      (pinned.on.includes(kernel.name) || inherited.has(pinned)) && (law === undefined || pinned.law === law),
  );
  for (const { bug, pinned } of here) {
    const history = await readPinned(wing, bug, pinned);
    const bench = wing.bench(judgedAlsoBy(kernel, pinned.law), history.scope);
    const last = lastPlayed(bench, history.commands, pinned.law) as PlayedOf<T>;
    const words = `${bug.id} --law ${pinned.law} --kernel ${kernel.name}`;
    const named = expectedIn(wing, kernel, last, history).find((each) => each.law === pinned.law);
    if (named?.known === bug.id) {
      const known = violations.get(pinned.law) ?? [];
      known.push({ bug: bug.id, commands: last.index + 1, replay: replayLine(words) });
      violations.set(pinned.law, known);
    } else if (named?.alike === bug.id) {
      await addForeign(wing, surprises, kernel, { bug: bug.id, law: pinned.law, history }, options);
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
}

/** The history of a bug that the release has not violates a law on its compiled code: shrunk there, it is that code's own. */
async function addForeign<T extends Terms>(
  wing: OpenWing<T>,
  surprises: Surprise<T>[],
  kernel: Kernel<T>,
  { bug, law, history }: { readonly bug: string; readonly law: LawId; readonly history: ScopedHistory<T> },
  options: KernelOptions,
): Promise<void> {
  const { scope, commands } = history;
  const isMeant = (step: PlayedOf<T>, of: readonly T["step"][]) =>
    isUnexpected(wing, kernel, step, law, { scope, commands: of });
  const shrunk = bringDown(wing.bench(judgedAlsoBy(kernel, law), scope), law, isMeant, commands);
  await addUnknown(wing, surprises, kernel, { law, scope, history: shrunk }, options, { like: [bug] });
}

/** Of bugs, those with a report first, and of these the one on the fewest kernels, as the most specific. */
function rankOf<T extends Terms>(bug: Bug<T> | undefined): number {
  const kernels = new Set(bug?.violations.flatMap(({ on }) => on)).size;
  return (bug?.latent ? 1e6 : 0) + kernels;
}

/** Notes a known bug found at random. If its pinned history is noted already, that is the shorter one. */
function noteKnown(violations: Map<LawId, SeenViolation[]>, { law, known, commands }: KnownViolation): void {
  const seen = violations.get(law) ?? [];
  if (!seen.some(({ bug }) => bug === known)) seen.push({ bug: known, commands, replay: null });
  violations.set(law, seen);
}

/** A violation that the catalogue does not know is reported once for each law, by the shortest history found. */
async function addUnknown<T extends Terms>(
  wing: OpenWing<T>,
  surprises: Surprise<T>[],
  kernel: Kernel<T>,
  { law, scope, history }: Unknown<T>,
  { keepsFailures }: KernelOptions,
  { like = [], shortestIn }: { readonly like?: readonly string[]; readonly shortestIn?: string } = {},
): Promise<void> {
  const at = surprises.findIndex((each) => each.kind === "unknown" && each.law === law);
  const before = surprises[at];
  const alike = [...new Set([...(before?.alike ?? []), ...like])];
  const what = unknownText(wing, kernel, law, alike);
  if (before?.history && before.history.length <= history.length) {
    // What it says of where it comes from stays, if nothing is learnt.
    surprises[at] = like.length === 0 ? before : { ...before, what, alike };
    return;
  }
  const failure = { kernel: kernel.name, law, scope, commands: history };
  const path = keepsFailures ? await keepFailure(wing, failure) : undefined;
  const replay = path === undefined ? null : replayLine(path);
  const surprise: Surprise<T> = {
    ...{ kind: "unknown", kernel: kernel.name, what, law, alike, history, scope, replay },
    ...(shortestIn === undefined ? {} : { shortestIn }),
  };
  if (before === undefined) surprises.push(surprise);
  else surprises[at] = surprise;
}

/** Witnesses, and paths inside this kernel, that no random history reached. */
function neverSeen<T extends Terms>(
  drawn: Histories<T>,
  kernel: Kernel<T>,
  seen: ReadonlyMap<string, number>,
): readonly string[] {
  const ids = [...drawn.witnesses(kernel).map(({ id }) => id), ...kernel.paths];
  return ids.filter((id) => !seen.has(id));
}

function witnessUnmet<T extends Terms>(kernel: Kernel<T>, id: string): Surprise<T> {
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
