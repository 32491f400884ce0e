/**
 * `hunt`: finds catalogue bugs again, at random from a seed, or by exploration where calls must interleave; and on a
 * kernel or a tree whatever the catalogue does not know of it.
 */
import type { InterleavedBug } from "../counterexamples/interleaved.ts";
import { INTERLEAVED, interleavedCalled } from "../counterexamples/interleavings.ts";
import { lastPlayed } from "../engine/run/stepper.ts";
import type { Stop } from "../engine/search/visitable.ts";
import { type HuntLimit, hunting } from "../properties/hunt.ts";
import type { LawId } from "../spec/contract.ts";
import type { Bug, Kernel, OpenWing, Terms, Wing } from "../spec/wing.ts";
import { UNKNOWN } from "./check/kernel-report.ts";
import { keepFailure } from "./failures.ts";
import { huntingInterleaved } from "./hunt-interleaved.ts";
import { bugTarget, isUnexpected, kernelTarget, namesOf } from "./hunt-target.ts";
import { replayLine } from "./names.ts";
import { openTree } from "./trees/trees.ts";
import { UsageError } from "./usage-error.ts";
import { allWings, bugMeant, kernelMeant, lawMeant, noSuchBug, opened } from "./wings.ts";
import { type Watch, Work } from "./work.ts";

export interface HuntOptions extends Watch {
  /** Bugs, by slugs or numbers, and kernels; all bugs if none is given. */
  readonly bugs?: readonly string[] | undefined;
  /** A kernel tree, judged by the release whose promises are nearest, or as this one. */
  readonly tree?: { readonly directory: string; readonly as?: string | undefined } | undefined;
  readonly seed: number;
  /** The most histories drawn for each law until it is found. */
  readonly runs?: number | undefined;
  /** Histories drawn after that for a shorter one. */
  readonly tries?: number | undefined;
  readonly law?: string | undefined;
}

/** The finding for one law. */
export interface HuntedLaw {
  readonly law: LawId;
  readonly found: boolean;
  /** Commands, or steps. */
  readonly commands: number | null;
  readonly history: readonly unknown[] | null;
  readonly seconds: number;
  /** At random: the scope, and the number of histories. */
  readonly scope?: string | null;
  readonly runs?: number;
  readonly tries?: number;
  /** By exploration: the steps of the loop, the protocol, and the number of states. */
  readonly loop?: readonly string[] | null;
  readonly protocol?: string;
  readonly states?: number;
}

export interface HuntedBug {
  readonly bug: Bug | InterleavedBug;
  readonly engine: "random" | "explore";
  readonly laws: readonly HuntedLaw[];
}

/** What a kernel violates that the catalogue does not know of it; or with a law requested, what violates that. */
export interface HuntedKernel {
  readonly wing: OpenWing;
  readonly kernel: Kernel;
  /** As it was requested, with the release that it resolves to. */
  readonly called: string;
  readonly found: HuntedViolation | undefined;
  readonly runs: number;
  readonly tries: number;
  readonly seconds: number;
}

export interface HuntedViolation {
  readonly law: LawId;
  /** The bug of the catalogue that explains it. */
  readonly bug: string | undefined;
  /** Whether the catalogue knows that the kernel violates it so. */
  readonly expected: boolean;
  readonly what: string;
  readonly scope: Terms["scope"];
  readonly history: readonly Terms["step"][];
  /** The line that replays it. */
  readonly replay: string;
}

export interface HuntReport {
  readonly bugs: readonly HuntedBug[];
  readonly kernels: readonly HuntedKernel[];
  readonly seed: number;
  /** Laws that it did not reach, or did not hunt to the end. */
  readonly untried: number;
  /** Whether it was ended early: by a signal (true), or by its time. */
  readonly stop: Stop;
}

/** For each law a bug violates: the hardest one takes a tenth of these, on average. */
const USUAL_RUNS = 500_000;
const USUAL_TRIES = 30_000;

export async function hunt(options: HuntOptions): Promise<HuntReport> {
  const { seed, runs = USUAL_RUNS, tries = USUAL_TRIES } = options;
  const { bugs, interleaved, kernels, law } = await asked(options);
  const work = new Work(options);
  const hunted: HuntedBug[] = [];
  let stop: Stop = false;
  for (const { wing, bug } of bugs) {
    const laws: HuntedLaw[] = [];
    for (const each of lawsOf(bug).filter((own) => law === undefined || own === law)) {
      if (stop !== false) break;
      const found = await huntAtRandom(wing, bug, each, seed, { runs, tries }, work);
      stop = work.stop;
      // A law whose hunt was ended early and without a finding is not reported.
      if (stop === false || found.found) laws.push(found);
    }
    if (laws.length > 0) hunted.push({ bug, engine: "random", laws });
  }
  for (const bug of interleaved) {
    if (stop !== false) break;
    const laws = await huntBySteps(bug, law, work);
    stop = work.stop;
    if (laws.length > 0) hunted.push({ bug, engine: "explore", laws });
  }
  const subjects: HuntedKernel[] = [];
  for (const { called, ...meant } of kernels) {
    if (stop !== false) break;
    subjects.push({ called, ...(await huntOnKernel(meant, law, seed, { runs, tries }, work)) });
    stop = work.stop;
  }
  const count = (all: readonly (readonly LawId[])[]) => all.flat().length;
  const isAsked = (own: LawId) => law === undefined || own === law;
  const all = count(
    [...bugs.map(({ bug }) => bug), ...interleaved].map((bug) => lawsOf(bug).filter(isAsked)),
  );
  const untried = all - count(hunted.map(({ laws }) => [...new Set(laws.map((each) => each.law))]));
  return { bugs: hunted, kernels: subjects, seed, untried, stop };
}

/** Draws histories until one violates what is hunted; it is shrunk, and kept as those are that check finds. */
async function huntOnKernel(
  { wing, kernel }: { readonly wing: Wing; readonly kernel: Kernel },
  law: LawId | undefined,
  seed: number,
  limit: HuntLimit,
  work: Work,
): Promise<Omit<HuntedKernel, "called">> {
  const open = await opened(wing);
  const { histories } = await open.search();
  const { found, ...counts } = await work.through(
    hunting(histories, kernelTarget(open, kernel, law), seed, limit),
    (drawn) => `${kernel.name}: ${law ?? "any law"}, ${drawn} histories`,
  );
  if (found === undefined) return { wing: open, kernel, found, ...counts };
  const last = lastPlayed(open.bench(found.asked, found.scope), found.history, found.law);
  const placed = { scope: found.scope, commands: found.history };
  const expected = last !== undefined && !isUnexpected(open, kernel, last, found.law, placed);
  const bug = last && namesOf(open, kernel, last, placed).find((each) => each.law === found.law)?.known;
  const commands = found.history;
  const path = await keepFailure(open, { ...found, kernel: kernel.name, commands });
  const how =
    bug === undefined ? UNKNOWN : `violated by ${bug}${expected ? "" : ", which its release has not"}`;
  const violation = { law: found.law, bug, expected, scope: found.scope, history: commands };
  const what = `${found.law} is ${how}`;
  return { wing: open, kernel, found: { ...violation, what, replay: replayLine(path) }, ...counts };
}

/** Hunts until it is found and the histories are used up, or it is stopped. */
async function huntAtRandom(
  wing: Wing,
  bug: Bug,
  law: LawId,
  seed: number,
  limit: HuntLimit,
  work: Work,
): Promise<HuntedLaw> {
  const open = await opened(wing);
  const { histories } = await open.search();
  const turns = hunting(histories, bugTarget(open, bug, law), seed, limit);
  const { found, runs, tries, seconds } = await work.through(
    turns,
    (drawn) => `${bug.id}: ${law}, ${drawn} histories`,
  );
  return {
    law,
    found: found !== undefined,
    commands: found?.history.length ?? null,
    history: found?.history.map((step) => open.files.asWritten(step)) ?? null,
    scope: found?.scope.name ?? null,
    runs,
    tries,
    seconds,
  };
}

/** Every interleaving, or as many as are found before it is stopped. */
async function huntBySteps(bug: InterleavedBug, law: LawId | undefined, work: Work): Promise<HuntedLaw[]> {
  const laws = await work.through(
    huntingInterleaved(bug, law),
    ({ states }) => `${bug.id}: every interleaving, ${states} states`,
  );
  return laws.map(({ law, steps, loop, protocol, states, seconds }) => ({
    law,
    found: steps !== undefined,
    commands: steps?.length ?? null,
    history: steps ?? null,
    loop: loop ?? null,
    protocol,
    states,
    seconds,
  }));
}

/** The targets. Throws a UsageError for an option that has no effect on any of them. */
async function asked({ bugs: words = [], tree, law, runs }: HuntOptions) {
  const only = law === undefined ? undefined : await lawMeant(law);
  const isAll = words.length === 0 && tree === undefined;
  const isBug = async (word: string) =>
    interleavedCalled(word) !== undefined || (await bugMeant(word)) !== undefined || !isKernelWord(word);
  const names: string[] = [];
  const kernels: { readonly wing: Wing; readonly kernel: Kernel; readonly called: string }[] = [];
  for (const word of [
    ...words,
    ...(tree === undefined ? [] : [openTree(tree.directory, tree.as).kernel.name]),
  ])
    if (await isBug(word)) names.push(word);
    else {
      const meant = await kernelMeant(word);
      kernels.push({ ...meant, called: meant.wing.askedAs(word, meant.kernel) });
    }
  const found = isAll
    ? (await allWings()).flatMap((wing) => wing.bugs.map((bug) => ({ wing, bug })))
    : await Promise.all(names.map(bugMeant));
  const interleaved = isAll ? INTERLEAVED : names.flatMap((name) => interleavedCalled(name) ?? []);
  // A misspelt name is refused.
  for (const [nth, name] of names.entries())
    if (found[nth] === undefined && interleavedCalled(name) === undefined) await noSuchBug(name);
  const bugs = found.flatMap((each) => each ?? []);
  if (runs !== undefined && bugs.length + kernels.length === 0)
    throw new UsageError(`--runs is for bugs found at random, and ${names.join(", ")} is explored for`);
  const violating = (bug: Bug | InterleavedBug) => only === undefined || lawsOf(bug).includes(only);
  const all = [...bugs.map(({ bug }) => bug), ...interleaved];
  for (const bug of isAll ? [] : all) {
    // A bug at both grains is hunted at the call grain.
    const isOther = !("changed" in bug) && bugs.some((each) => each.bug.id === bug.id);
    if (violating(bug) || isOther) continue;
    throw new UsageError(`${bug.id} does not violate ${only}; it violates ${lawsOf(bug).join(", ")}`);
  }
  if (kernels.length === 0 && !all.some(violating))
    throw new UsageError(`--law ${only}: no bug of the catalogue violates it`);
  return { bugs, interleaved, kernels, law: only };
}

/** Whether a word that is no bug is meant as a kernel: a tree, a version, or one of gathers. */
const isKernelWord = (word: string) => /^(tree:|gather-|\d)/.test(word);

/** The laws a bug violates, each once, in the catalogue's order. */
function lawsOf({ violations }: Bug | InterleavedBug): readonly LawId[] {
  return [...new Set(violations.map(({ law }: { readonly law: LawId }) => law))];
}
