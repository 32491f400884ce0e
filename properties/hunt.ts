/** Looks for one violation at random, and shrinks it to the fewest commands it can. */

import { searchAtRandom } from "../engine/run/random.ts";
import type { Stop } from "../engine/search/visitable.ts";
import { isFollowed, type LawId } from "../spec/contract.ts";
import type { Histories, Kernel, Lengths, ScopedHistory, Terms } from "../spec/wing.ts";
import { bringDown } from "./bring-down.ts";
import { type PlayedOf, runChoices } from "./run-choices.ts";

export interface Target<T extends Terms> {
  readonly kernel: Kernel<T>;
  /** Any law, if undefined. */
  readonly law: LawId | undefined;
  /** Callers also make calls outside their domain that the release does not check. */
  readonly byUnchecked?: true | undefined;
  /** Whether the last step of this history, which violated this law, violated it in the wanted way. */
  meant(step: PlayedOf<T>, law: LawId, history: ScopedHistory<T>): boolean;
}

/** Where histories are drawn: the kernel itself, or one that is asked more. */
interface Place<T extends Terms> {
  readonly asked: Kernel<T>;
  readonly scope: T["scope"];
}

export interface Found<T extends Terms> extends Place<T> {
  readonly law: LawId;
  readonly history: readonly T["step"][];
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

export interface HuntResult<T extends Terms> {
  readonly found: Found<T> | undefined;
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
export function hunt<T extends Terms>(
  of: Histories<T>,
  target: Target<T>,
  seed: number,
  limit: HuntLimit,
): HuntResult<T> {
  const work = hunting(of, target, seed, limit);
  for (;;) {
    const { done, value } = work.next(false);
    if (done) return value;
  }
}

/** The same in turns, each of which says how many histories were drawn. If stopped after one, it ends there. */
export function* hunting<T extends Terms>(
  of: Histories<T>,
  target: Target<T>,
  seed: number,
  limit: HuntLimit,
): Generator<number, HuntResult<T>, Stop> {
  const started = performance.now();
  const hunter: Hunter<T> = { of, target, places: placesOf(of, target) };
  const { places } = hunter;
  let runs = 0;
  let found: Found<T> | undefined;
  let stop: Stop = false;
  for (let turn = 0; found === undefined && runs < limit.runs && stop === false; turn++) {
    const place = places[turn % places.length] as Place<T>;
    const longest = LENGTHS[Math.floor(turn / places.length) % LENGTHS.length] as number;
    const drawn = draw(hunter, place, { longest }, Math.min(TURN, limit.runs - runs), seed + turn);
    runs += drawn.runs;
    found = drawn.found;
    stop = yield runs;
  }
  let tries = 0;
  if (found !== undefined && stop === false) {
    for (const attempt of shorter(hunter, found, seed, limit)) {
      tries += attempt.drawn;
      found = attempt.best;
      if (yield runs + tries) break;
    }
  }
  return { found, runs, tries, seconds: (performance.now() - started) / 1000 };
}

interface Hunter<T extends Terms> {
  readonly of: Histories<T>;
  readonly target: Target<T>;
  readonly places: readonly Place<T>[];
}

/** A law that only a kernel beside promises is hunted there alone, and any law everywhere. */
function placesOf<T extends Terms>(
  of: Histories<T>,
  { kernel, law, byUnchecked }: Target<T>,
): readonly Place<T>[] {
  const own = of.scopesFor(kernel, law, byUnchecked).map((scope) => ({ asked: kernel, scope }));
  const beside = of.beside(kernel);
  if (law === undefined) return [...own, ...beside];
  const only = kernel.promises.includes(law)
    ? []
    : beside.filter(({ asked }) => asked.promises.includes(law));
  return only.length > 0 ? only : own;
}

/** Histories drawn until one violates the law in the wanted way: that one, shrunk. */
function draw<T extends Terms>(
  { of, target, law: only = target.law }: Pick<Hunter<T>, "of" | "target"> & { readonly law?: LawId },
  place: Place<T>,
  lengths: Lengths,
  runs: number,
  seed: number,
): { readonly found: Found<T> | undefined; readonly runs: number } {
  const { asked, scope } = place;
  const { byUnchecked = false } = target;
  const bench = of.bench(asked, scope);
  const lawOf = (step: PlayedOf<T>, commands: readonly T["step"][]) =>
    step.violated.find(
      ({ id }) => (only === undefined || id === only) && target.meant(step, id, { scope, commands }),
    )?.id;
  const violated = (step: PlayedOf<T>, commands: readonly T["step"][]) => {
    if (lawOf(step, commands) !== undefined) return "fail";
    // One law is hunted through whatever else is violated before it.
    const isFollowable = target.law !== undefined || step.violated.every((law) => isFollowed(law, "random"));
    return isFollowable ? "continue" : "stop";
  };
  const attempt = (drawn: readonly T["choice"][]) => {
    const { history, failed } = runChoices(bench, drawn, { violated }, byUnchecked);
    const law = failed && lawOf(failed, history);
    return law === undefined ? undefined : { law, history };
  };
  const { found, runs: done } = searchAtRandom({ drawn: of.choices(scope, lengths), attempt, seed, runs });
  if (found === undefined) return { found, runs: done };
  const { law } = found;
  const history = bringDown(
    bench,
    law,
    (step, commands) => target.meant(step, law, { scope, commands }),
    found.history,
  );
  return { found: { law, asked, scope, history }, runs: done };
}

/** What one batch of histories left: the shortest history by then. */
interface Attempt<T extends Terms> {
  readonly best: Found<T>;
  readonly drawn: number;
}

/**
 * Dropping and simplifying steps cannot turn one way of violating a law into another, so short histories are drawn anew
 * in every scope: the machines are small enough for that to succeed. If many commands are needed, long ones are drawn
 * as well: shrunk, they may leave fewer.
 */
function* shorter<T extends Terms>(
  hunter: Hunter<T>,
  first: Found<T>,
  seed: number,
  { tries, enough = 1 }: HuntLimit,
): Generator<Attempt<T>, void, void> {
  let best = first;
  let left = tries;
  const { law } = first;
  const attempt = (place: Place<T>, lengths: Lengths, most: number, from: number): Attempt<T> => {
    const { found, runs } = draw({ ...hunter, law }, place, lengths, Math.min(most, left), from);
    left -= runs;
    if (found !== undefined && found.history.length < best.history.length) best = found;
    return { best, drawn: runs };
  };
  const isOver = () => left <= 0 || best.history.length <= Math.max(1, enough);
  // The scope of what was found, and the others in which the same can happen.
  const others = hunter.places.filter(
    ({ asked, scope }) =>
      asked === first.asked && scope !== first.scope && hunter.of.fits?.(first.history, scope) !== false,
  );
  const places = [first, ...others];
  // In rounds, so that every length has a turn before the tries are used up.
  for (let round = 0; !isOver(); round++) {
    for (let way = 0; way < WAYS && best.history.length >= MANY && !isOver(); way++) {
      // Shrinking does not leave the scope: every other way is drawn in another one.
      const place = way % 2 === 0 ? best : (places[((round * WAYS + way) >> 1) % places.length] as Place<T>);
      yield attempt(place, { longest: LONGEST }, WAY_TRIES, seed + TURNS_APART * (round + 1) + way);
    }
    for (let length = 1; length < best.history.length; length++) {
      for (const place of places) {
        if (isOver()) return;
        const before = best;
        yield attempt(place, { shortest: length, longest: length }, TRIES_PER_STEP * length, seed + round);
        if (best !== before) break;
      }
    }
  }
}
