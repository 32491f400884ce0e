/**
 * `hunt`: rediscovers catalogue bugs, at random from a fresh seed, or by exploration where calls must interleave, and
 * says how short and how soon.
 */

import { asWritten } from "../../adapters/vmap/history-file.ts";
import type { Bug } from "../../counterexamples/bug.ts";
import { BUGS, bugCalled } from "../../counterexamples/vmap/index.ts";
import type { InterleavedBug } from "../../counterexamples/vmap/interleaved.ts";
import { INTERLEAVED, interleavedCalled } from "../../counterexamples/vmap/interleavings.ts";
import type { Stop } from "../../engine/search/explore.ts";
import { type Explored, huntingInterleaved } from "../../jobs/hunt-interleaved.ts";
import { bugQuarry } from "../../jobs/hunt-target.ts";
import { bugNamed, lawNamed } from "../../jobs/names.ts";
import { UsageError } from "../../jobs/usage-error.ts";
import { type HuntLimit, type HuntResult, hunting } from "../../properties/vmap/hunt.ts";
import type { LawId } from "../../spec/contract.ts";
import { pc } from "../colour.ts";
import { AS_EXPECTED, INTERRUPTED, UNEXPECTED } from "../exit.ts";
import { columns, interruptible, print, progress, timeUp } from "../output.ts";

export interface HuntOptions {
  readonly seed: number;
  /** Histories drawn for each law at most, until something is caught. */
  readonly runs?: number;
  /** Histories drawn for a shorter one after that. */
  readonly tries?: number;
  /** An outer bound of all of it. */
  readonly seconds?: number;
  readonly law?: string;
  readonly json: boolean;
}

/** The engines' names in the output. */
const ENGINE = "random";
const EXPLORING = "explore";
/** For each law a bug breaks: what takes the most histories to catch takes a tenth of these, on average. */
const USUAL_RUNS = 500_000;
const USUAL_TRIES = 30_000;

interface LawCaught {
  readonly law: LawId;
  readonly result: HuntResult;
}

interface BugHunted {
  readonly bug: Bug;
  readonly laws: readonly LawCaught[];
}

export async function huntVerb(names: readonly string[], options: HuntOptions): Promise<number> {
  const bugs = names.length === 0 ? BUGS : names.filter((name) => isAtCalls(name)).map(bugNamed);
  const interleaved =
    names.length === 0 ? INTERLEAVED : names.flatMap((name) => interleavedCalled(name) ?? []);
  const only = options.law === undefined ? undefined : lawNamed(options.law);
  for (const bug of names.length === 0 ? [] : bugs) {
    if (only === undefined || lawsOf(bug).includes(only)) continue;
    throw new UsageError(`${bug.id} does not violate ${only}; it violates ${lawsOf(bug).join(", ")}`);
  }
  const limit = { runs: options.runs ?? USUAL_RUNS, tries: options.tries ?? USUAL_TRIES };
  refuseWithoutEffect(names, bugs, interleaved, options, only);
  const spinner = progress();
  const work = interruptible();
  const late = timeUp(options.seconds);
  const turn: Turn = async (text) => {
    spinner.say(text);
    await work.turn();
    return work.interrupted || late();
  };
  let stop: Stop = false;
  const hunted: BugHunted[] = [];
  for (const bug of bugs) {
    const laws: LawCaught[] = [];
    for (const law of lawsOf(bug)) {
      if (stop !== false || (only !== undefined && law !== only)) continue;
      const ended = await huntFor(bug, law, options.seed, limit, turn);
      stop = ended.stop;
      // Of a law that was not hunted to the end nothing is known, unless it was caught.
      if (stop === false || ended.result.caught !== undefined) laws.push({ law, result: ended.result });
    }
    if (laws.length > 0) hunted.push({ bug, laws });
  }
  const explored: BugExplored[] = [];
  for (const bug of interleaved) {
    if (stop !== false) break;
    const ended = await exploreFor(bug, only, turn);
    stop = ended.stop;
    if (ended.laws.length > 0) explored.push({ bug, laws: ended.laws });
  }
  spinner.stop();
  const told = [...hunted.map(asJson), ...explored.map(exploredJson)];
  if (options.json) console.log(JSON.stringify({ seed: options.seed, complete: stop === false, bugs: told }));
  else print(huntedText(hunted, explored, options.seed, stop));
  if (stop === true) return INTERRUPTED;
  const missed =
    stop === "time" ||
    hunted.some(({ laws }) => laws.some(({ result }) => result.caught === undefined)) ||
    explored.some(({ laws }) => laws.some(({ steps }) => steps === undefined));
  return missed ? UNEXPECTED : AS_EXPECTED;
}

/** Awaited between turns: says what is being done, and whether to end. */
type Turn = (text: string) => Promise<Stop>;

/** Until it is caught and its tries are used up, or it is stopped. */
async function huntFor(
  bug: Bug,
  law: LawId,
  seed: number,
  limit: HuntLimit,
  turn: Turn,
): Promise<{ readonly result: HuntResult; readonly stop: Stop }> {
  const turns = hunting(bugQuarry(bug, law), seed, limit);
  let stop: Stop = false;
  let next = turns.next(stop);
  while (!next.done) {
    stop = await turn(`${bug.id}: ${law}, ${next.value} histories`);
    next = turns.next(stop);
  }
  return { result: next.value, stop };
}

/** Throws a UsageError for an option that nothing asked for could obey. */
function refuseWithoutEffect(
  names: readonly string[],
  bugs: readonly Bug[],
  interleaved: readonly InterleavedBug[],
  { runs }: HuntOptions,
  only: LawId | undefined,
): void {
  const broken = (bug: InterleavedBug) => bug.breaks.map(({ law }) => law);
  if (runs !== undefined && bugs.length === 0)
    throw new UsageError(`--runs is for bugs found at random, and ${names.join(", ")} is explored for`);
  if (only === undefined) return;
  for (const bug of names.length === 0 ? [] : interleaved) {
    if (broken(bug).includes(only) || bugs.some(({ id }) => id === bug.id)) continue;
    throw new UsageError(`${bug.id} does not break ${only}; it breaks ${broken(bug).join(", ")}`);
  }
  const any =
    bugs.some((bug) => lawsOf(bug).includes(only)) || interleaved.some((b) => broken(b).includes(only));
  if (!any) throw new UsageError(`--law ${only}: no bug of the catalogue breaks it`);
}

/** Every interleaving, or as many as there are before it is stopped. */
async function exploreFor(
  bug: InterleavedBug,
  only: LawId | undefined,
  turn: Turn,
): Promise<{ readonly laws: readonly Explored[]; readonly stop: Stop }> {
  const turns = huntingInterleaved(bug, only);
  let stop: Stop = false;
  let next = turns.next(stop);
  while (!next.done) {
    stop = await turn(`${bug.id}: every interleaving, ${next.value.states} states`);
    next = turns.next(stop);
  }
  return { laws: next.value, stop };
}

/** A bug that needs calls to interleave, and what was found of it. */
interface BugExplored {
  readonly bug: InterleavedBug;
  readonly laws: readonly Explored[];
}

/** Whether it is a bug of single calls; anything but a bug of interleavings is, so that a misspelt name is told. */
const isAtCalls = (name: string) => bugCalled(name) !== undefined || interleavedCalled(name) === undefined;

/** The same of a bug that was explored for. */
function exploredJson({ bug, laws }: BugExplored) {
  const told = laws.map(({ law, steps, loop, protocol, states, seconds }) => ({
    law,
    found: steps !== undefined,
    commands: steps?.length ?? null,
    history: steps ?? null,
    loop: loop ?? null,
    protocol,
    states,
    seconds,
  }));
  const first = told.find(({ found }) => found) ?? told[0];
  return {
    id: bug.id,
    number: bug.number ?? null,
    engine: EXPLORING,
    found: told.every(({ found }) => found),
    law: first?.law,
    commands: first?.commands,
    states: first?.states,
    seconds: told.reduce((sum, { seconds }) => sum + seconds, 0),
    laws: told,
  };
}

/** The laws a bug breaks, each once, in the catalogue's order. */
function lawsOf(bug: Bug): readonly LawId[] {
  return [...new Set(bug.breaks.map(({ law }) => law))];
}

/** One entry a bug: the first law that was caught stands for it, and each law is told beside it. */
function asJson({ bug, laws }: BugHunted) {
  const told = laws.map(({ law, result }) => ({
    law,
    found: result.caught !== undefined,
    commands: result.caught?.history.length ?? null,
    history: result.caught?.history.map(asWritten) ?? null,
    scope: result.caught?.scope.name ?? null,
    runs: result.runs,
    tries: result.tries,
    seconds: result.seconds,
  }));
  const first = told.find(({ found }) => found) ?? told[0];
  const seconds = told.reduce((sum, each) => sum + each.seconds, 0);
  const found = told.every((each) => each.found);
  return {
    id: bug.id,
    number: bug.number ?? null,
    engine: ENGINE,
    found,
    law: first?.law,
    commands: first?.commands,
    seconds,
    laws: told,
  };
}

function huntedText(
  hunted: readonly BugHunted[],
  explored: readonly BugExplored[],
  seed: number,
  stop: Stop,
): string {
  const atRandom = hunted.flatMap(({ bug, laws }) =>
    laws.map(({ law, result }) => ({
      bug,
      law,
      length: result.caught === undefined ? undefined : `in ${result.caught.history.length}`,
      tried: `${result.runs} histories`,
      seconds: result.seconds,
    })),
  );
  const inSteps = explored.flatMap(({ bug, laws }) =>
    laws.map(({ law, steps, loop, states, seconds }) => ({
      bug,
      law,
      length: steps === undefined ? undefined : lengthOf(steps, loop),
      tried: `${states} states`,
      seconds,
    })),
  );
  const all = [...atRandom, ...inSteps];
  const found = all.filter(({ length }) => length !== undefined).length;
  const seconds = all.reduce((sum, each) => sum + each.seconds, 0);
  const facts = [
    `${hunted.length + explored.length} bugs`,
    `${all.length} laws that they violate`,
    `${found} found`,
    `${all.length - found} not found`,
    ...(atRandom.length > 0 ? [`seed ${seed}`] : []),
    `${seconds.toFixed(1)} s`,
  ];
  const ended = stop === true ? "Interrupted" : stop === "time" ? "Ended by --seconds" : undefined;
  const word = ended ?? (found === all.length ? "All found" : "Not all found");
  const colour = found < all.length ? pc.red : ended === undefined ? pc.green : pc.yellow;
  const rows = all.map(({ bug, law, length, tried, seconds }) => [
    bug.number ?? "*",
    bug.id,
    law,
    length ?? pc.red("not found"),
    tried,
    `${seconds.toFixed(2)} s`,
  ]);
  return `${colour(word)}: ${facts.join(", ")}${rows.length > 0 ? `\n\n${columns(rows)}` : ""}`;
}

const lengthOf = (steps: readonly string[], loop: readonly string[] | undefined) =>
  loop === undefined ? `in ${steps.length}` : `in ${steps.length}, then ${loop.length} for ever`;
