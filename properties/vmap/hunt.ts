/** Looks for one violation at random, and shrinks it to the fewest commands it can. */

import { searchAtRandom } from "../../engine/run/random.ts";
import { shrink } from "../../engine/run/shrink.ts";
import { lastPlayed } from "../../engine/run/stepper.ts";
import type { Stop } from "../../engine/search/visitable.ts";
import type { LawId } from "../../spec/contract.ts";
import { recordOf } from "../../spec/vmap/commands.ts";
import { type HistoryStep, isWellFormed, naming, simpler } from "../../spec/vmap/history.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import { type Choice, choices, type Lengths } from "./choices.ts";
import { scopesFor } from "./random-scopes.ts";
import { runChoices } from "./run-choices.ts";
import { benchFor, type JudgedStep, type TestBench } from "./test-bench.ts";

export interface Target<S> {
  readonly kernel: Kernel<S>;
  readonly law: LawId;
  /** Callers also make calls outside their domain that the release does not check. */
  readonly byUnchecked?: true | undefined;
  /** Whether this step, which violated the law, violated it in the wanted way. */
  meant(step: JudgedStep): boolean;
}

export interface Found {
  readonly scope: Scope;
  readonly history: readonly HistoryStep[];
}

/** When a hunt gives up. It counts histories, not time: a seed has one answer on every machine. */
export interface HuntLimit {
  /** Histories drawn until something is found. */
  readonly runs: number;
  /** Histories drawn for a shorter one, once something is found. */
  readonly tries: number;
  /** A history of at most this many commands is short enough: no shorter one is drawn for. */
  readonly enough?: number;
}

export interface HuntResult {
  readonly found: Found | undefined;
  /** Histories drawn until something was found. */
  readonly runs: number;
  /** Histories drawn after that. */
  readonly tries: number;
  readonly seconds: number;
}

/** Histories drawn before the next scope has its turn. */
const TURN = 40;
/** The lengths to which histories are drawn, in turn: short ones are likely to be nearly minimal at once. */
const LONGEST = 30;
const LENGTHS = [6, LONGEST];
/** Histories drawn of each length below that of what was found, in each scope, times the length. */
const TRIES_PER_STEP = 50;
/** Long histories shrunk anew in each round, tries for each, and how far apart rounds draw their seeds. */
const WAYS = 8;
const WAY_TRIES = 400;
const TURNS_APART = 1000;
/** A violation in fewer commands than this is found sooner in short histories. */
const MANY = 6;

/** Without turns: hunts until something is found and is short enough, or the limit is reached. */
export function hunt<S>(target: Target<S>, seed: number, limit: HuntLimit): HuntResult {
  const work = hunting(target, seed, limit);
  for (;;) {
    const { done, value } = work.next(false);
    if (done) return value;
  }
}

/** The same in turns, each of which says how many histories were drawn. If stopped after one, it ends there. */
export function* hunting<S>(
  target: Target<S>,
  seed: number,
  limit: HuntLimit,
): Generator<number, HuntResult, Stop> {
  const started = performance.now();
  const scopes = scopesOf(target);
  let runs = 0;
  let found: Found | undefined;
  let stop: Stop = false;
  for (let turn = 0; found === undefined && runs < limit.runs && stop === false; turn++) {
    const scope = scopes[turn % scopes.length] as Scope;
    const longest = LENGTHS[Math.floor(turn / scopes.length) % LENGTHS.length] as number;
    const drawn = draw(target, scope, { longest }, Math.min(TURN, limit.runs - runs), seed + turn);
    runs += drawn.runs;
    if (drawn.found !== undefined) found = { scope, history: bringDown(target, scope, drawn.found) };
    stop = yield runs;
  }
  let tries = 0;
  if (found !== undefined && stop === false) {
    for (const attempt of shorter(target, found, seed, limit)) {
      tries += attempt.drawn;
      found = attempt.best;
      if (yield runs + tries) break;
    }
  }
  return { found, runs, tries, seconds: (performance.now() - started) / 1000 };
}

/** Calls outside their domain are made if the law is about them, or if the bug needs one. */
function scopesOf<S>({ kernel, law, byUnchecked }: Target<S>): readonly Scope[] {
  const withOutside = byUnchecked === true || law === "argument-domain";
  return scopesFor(kernel.release, law).filter(({ outside }) => withOutside || outside !== true);
}

function draw<S>(target: Target<S>, scope: Scope, lengths: Lengths, runs: number, seed: number) {
  const { kernel } = target;
  const setting = benchFor(kernel, scope);
  const attempt = (drawn: readonly Choice[]) => {
    const violated = (step: JudgedStep) => (isTarget(target, step) ? "fail" : "continue");
    const { history, failed } = runChoices(
      setting,
      drawn,
      { violated },
      target.byUnchecked ? "any" : "answered",
    );
    return failed === undefined ? undefined : history;
  };
  return searchAtRandom({ drawn: choices(scope, lengths), attempt, seed, runs });
}

function isTarget<S>(target: Target<S>, step: JudgedStep): boolean {
  return step.violated.some((law) => law.id === target.law) && target.meant(step);
}

/** The history, shrunk as far as it still ends in the wanted violation. */
export function bringDown<S>(
  target: Target<S>,
  scope: Scope,
  history: readonly HistoryStep[],
): readonly HistoryStep[] {
  const setting = benchFor(target.kernel, scope);
  return shrink(history, {
    fails: (candidate) => endsIn(target, setting, candidate),
    without: naming.without,
    simpler: (step) => simpler(step, scope),
  });
}

function endsIn<S>(target: Target<S>, setting: TestBench<S>, history: readonly HistoryStep[]): boolean {
  if (!isWellFormed(history, setting.scope)) return false;
  const last = lastPlayed(setting, history, target.law);
  return last !== undefined && isTarget(target, last);
}

/** What one batch of histories left: the shortest history by then. */
interface Attempt {
  readonly best: Found;
  readonly drawn: number;
}

/**
 * Dropping and simplifying steps cannot turn one way of violating a law into another, so short histories are drawn anew
 * in every scope: the machines are small enough for that to succeed. If many commands are needed, long ones are drawn
 * as well: shrunk, they may leave fewer.
 */
function* shorter<S>(
  target: Target<S>,
  first: Found,
  seed: number,
  { tries, enough = 1 }: HuntLimit,
): Generator<Attempt, void, void> {
  let best = first;
  let left = tries;
  const attempt = (scope: Scope, lengths: Lengths, most: number, from: number): Attempt => {
    const { found, runs } = draw(target, scope, lengths, Math.min(most, left), from);
    left -= runs;
    const history = found && bringDown(target, scope, found);
    if (history !== undefined && history.length < best.history.length) best = { scope, history };
    return { best, drawn: runs };
  };
  const isOver = () => left <= 0 || best.history.length <= Math.max(1, enough);
  const scopes = scopesLike(target, first);
  // In rounds, so that every length has a turn before the tries are used up.
  for (let round = 0; !isOver(); round++) {
    for (let way = 0; way < WAYS && best.history.length >= MANY && !isOver(); way++)
      yield attempt(best.scope, { longest: LONGEST }, WAY_TRIES, seed + TURNS_APART * (round + 1) + way);
    for (let length = 1; length < best.history.length; length++) {
      for (const scope of scopes) {
        if (isOver()) return;
        const before = best;
        yield attempt(scope, { shortest: length, longest: length }, TRIES_PER_STEP * length, seed + round);
        if (best !== before) break;
      }
    }
  }
}

/** The scope of what was found, and the others in which the same can happen. */
function scopesLike<S>(target: Target<S>, { scope: first, history }: Found): readonly Scope[] {
  // A violation that needed maps cannot happen without blocks, and one that needed none is found sooner without them.
  const maps = history.some((step) => recordOf(step).gives === "map");
  const areas = !maps || history.some((step) => recordOf(step).asksIn === "windows");
  // Nor can one that needed percpu areas, if none are asked for.
  const percpu = history.some((step) => recordOf(step).gives === "percpu");
  const others = scopesOf(target).filter(
    (scope) =>
      scope !== first && (scope.blockPages > 0 ? maps : areas) && percpu === scope.congruent.length > 0,
  );
  return [first, ...others];
}
