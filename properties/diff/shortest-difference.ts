/**
 * The shortest history on which two kernels answer differently: by exploring both together, place after place; at
 * random, if that shows none and does not reach a fixpoint.
 */
import { searchAtRandom } from "../../engine/run/random.ts";
import { shrink } from "../../engine/run/shrink.ts";
import { exploring } from "../../engine/search/explore.ts";
import type { Explored, Stop } from "../../engine/search/visitable.ts";
import type { Comparison, Kernel, Lengths, Terms } from "../../spec/wing.ts";
import { historyOf } from "../history-of.ts";
import { runChoices } from "../run-choices.ts";
import { lockstep, replayPair } from "./lockstep.ts";

/** A small machine that is explored, as it is typed. */
export interface NamedPlace<T extends Terms = Terms> {
  readonly name: string;
  readonly place: T["place"];
}

export interface Asked<T extends Terms> {
  readonly of: Comparison<T>;
  readonly one: Kernel<T>;
  readonly other: Kernel<T>;
  readonly places: readonly NamedPlace<T>[];
  /** Where histories are drawn, in turn. */
  readonly drawnIn: readonly T["scope"][];
  /** Only a difference of this kind counts, if given. */
  readonly kind: string | undefined;
  readonly seed: number;
  /** States visited in each place. */
  readonly states: number;
  /** Histories drawn at random. */
  readonly runs: number;
}

export interface Difference<T extends Terms = Terms> {
  readonly scope: T["scope"];
  /** The last command is answered differently. */
  readonly history: readonly T["step"][];
  readonly kinds: readonly string[];
  readonly found: "explored" | "random";
  /** Where it was explored. */
  readonly place: NamedPlace<T> | undefined;
}

/** By which command, and in how many commands at least, replies differ in this kind. */
export interface ByKind {
  readonly kind: string;
  readonly op: string;
  readonly commands: number;
}

export interface Visited<T extends Terms = Terms> {
  readonly place: NamedPlace<T>;
  readonly states: number;
  readonly depth: number;
  readonly ended: Explored["ended"];
  /** All histories of up to this number of commands were tried. */
  readonly tried: number;
  readonly byKind: readonly ByKind[];
}

export interface Compared<T extends Terms = Terms> {
  readonly difference: Difference<T> | undefined;
  /** The places explored, in order. */
  readonly visited: readonly Visited<T>[];
  /** Histories drawn at random. */
  readonly drawn: number;
  readonly seconds: number;
}

const BYTES = 2 ** 30;
/** States visited in a place once a difference is known, for those of other kinds. */
const MORE_STATES = 8000;
const TURN = 40;
const LENGTHS = [6, 30];
/** Histories drawn of each length below that of a found one, times the length. */
const TRIES_PER_STEP = 100;

/** In turns, each of which says what is being done. If stopped after one, it ends with its best result. */
export function* comparing<T extends Terms>(asked: Asked<T>): Generator<string, Compared<T>, Stop> {
  const started = performance.now();
  const visited: Visited<T>[] = [];
  let difference: Difference<T> | undefined;
  let stopped = false;
  let drawn = 0;
  for (const place of asked.places) {
    const explored = yield* explorePlace(asked, place, difference?.history.length);
    visited.push(explored.visited);
    const least = difference?.history.length ?? Number.POSITIVE_INFINITY;
    if ((explored.difference?.history.length ?? least) < least) difference = explored.difference;
    stopped = explored.stopped;
    if (stopped) break;
  }
  // Nothing is left to find at random if a place was visited completely.
  const whole = visited.filter(({ ended }) => ended === "fixpoint").map(({ place }) => place.place.scope);
  const drawnIn = asked.drawnIn.filter((scope) => !whole.includes(scope));
  if (difference === undefined && !stopped && drawnIn.length > 0) {
    const atRandom = yield* drawing({ ...asked, drawnIn });
    ({ difference, drawn } = atRandom);
  }
  return { difference, visited, drawn, seconds: (performance.now() - started) / 1000 };
}

/** The same, without turns. */
export function compare<T extends Terms>(asked: Asked<T>): Compared<T> {
  const work = comparing(asked);
  for (;;) {
    const { done, value } = work.next(false);
    if (done) return value;
  }
}

function* explorePlace<T extends Terms>(
  { of, one, other, kind, states: most }: Asked<T>,
  named: NamedPlace<T>,
  /** The commands of the shortest history that is known; undefined if none is. */
  known: number | undefined,
): Generator<string, { difference: Difference<T> | undefined; visited: Visited<T>; stopped: boolean }, Stop> {
  const { name, place } = named;
  const machine = lockstep(of, one, other, place);
  let isFound = false;
  let foundAt: number | undefined;
  // Enough for differences of other kinds, and enough that no shorter one is left.
  const isEnough = (states: number, depth: number) => {
    if (isFound) foundAt ??= states;
    if (foundAt !== undefined) return states - foundAt >= MORE_STATES;
    return known !== undefined && depth >= known - 1 && states >= MORE_STATES;
  };
  const isWanted = (violated: readonly string[]) => kind === undefined || violated.includes(kind);
  const work = exploring(machine, {
    bounds: { states: most, bytes: BYTES },
    enough: (violated) => {
      isFound ||= isWanted(violated);
      return false;
    },
  });
  let stop: Stop = false;
  let turn = work.next(false);
  while (!turn.done) {
    const { states, depth } = turn.value;
    stop = yield `${name}: ${states} states, depth ${depth}`;
    turn = work.next(stop || isEnough(states, depth));
  }
  const stopped = stop !== false;
  const explored = turn.value;
  const visited: Visited<T> = {
    place: named,
    states: explored.states,
    depth: explored.depth,
    ended: explored.ended,
    // The last state was reached from the level below it, which is not visited completely.
    tried: explored.ended === "fixpoint" ? Number.POSITIVE_INFINITY : explored.depth - 1,
    byKind: byKind(of, machine.commands, explored),
  };
  const violated = explored.violations.find(({ law }) => kind === undefined || law === kind);
  if (violated === undefined) return { difference: undefined, visited, stopped };
  const { scope } = place;
  const history = historyOf(of.bench(one, scope), machine.commands, violated.run);
  const bits = lastDiffers(of, one, other, scope, history);
  if ((bits & wanted(of, kind)) === 0) {
    throw new Error(
      `vmapcheck itself is wrong: the explorer says that ${one.name} and ${other.name} differ at the end of ` +
        `${JSON.stringify(history)}, and they do not`,
    );
  }
  const kinds = kindsIn(of, bits);
  return { difference: { scope, history, kinds, found: "explored", place: named }, visited, stopped };
}

function byKind<T extends Terms>(
  { kinds }: Comparison<T>,
  commands: readonly T["command"][],
  { shortest }: Explored,
): ByKind[] {
  const found = new Map<string, ByKind>();
  for (const [law, lengths] of shortest.entries()) {
    const { id: kind } = kinds[law] as (typeof kinds)[number];
    for (const [action, length] of lengths.entries()) {
      if (length === 0) continue;
      const { op } = commands[action] as T["command"];
      const least = found.get(`${kind} ${op}`)?.commands ?? Number.POSITIVE_INFINITY;
      if (length < least) found.set(`${kind} ${op}`, { kind, op, commands: length });
    }
  }
  return [...found.values()].sort((a, b) => a.commands - b.commands);
}

/** The kinds of these bits, by their ids. */
export function kindsIn<T extends Terms>({ kinds }: Comparison<T>, bits: number): readonly string[] {
  return kinds.filter((_each, nth) => (bits >> nth) & 1).map(({ id }) => id);
}

/** The bits of the differences that count: those of one kind, or all. */
function wanted<T extends Terms>({ kinds }: Comparison<T>, kind: string | undefined): number {
  return kind === undefined ? 2 ** kinds.length - 1 : 1 << kinds.findIndex(({ id }) => id === kind);
}

/** The differences in the answers to the last command of a history, if both get there. */
function lastDiffers<T extends Terms>(
  of: Comparison<T>,
  one: Kernel<T>,
  other: Kernel<T>,
  scope: T["scope"],
  history: readonly T["step"][],
): number {
  const played = replayPair(of, one, other, scope, history);
  return played.length < history.length ? 0 : (played.at(-1)?.differs ?? 0);
}

function* drawing<T extends Terms>(
  asked: Asked<T>,
): Generator<string, { difference: Difference<T> | undefined; drawn: number }, Stop> {
  const { of, drawnIn, seed, kind, one, other, runs } = asked;
  let drawn = 0;
  for (let turn = 0; drawn < runs; turn++) {
    const scope = drawnIn[turn % drawnIn.length] as T["scope"];
    const longest = LENGTHS[Math.floor(turn / drawnIn.length) % LENGTHS.length] as number;
    const result = draw(asked, scope, { longest }, Math.min(TURN, runs - drawn), seed + turn);
    drawn += result.runs;
    if (result.found !== undefined) {
      const history = yield* shorter(asked, scope, bringDown(asked, scope, result.found));
      const kinds = kindsIn(of, lastDiffers(of, one, other, scope, history) & wanted(of, kind));
      return { difference: { scope, history, kinds, found: "random", place: undefined }, drawn };
    }
    if (yield `${drawn} histories at random`) break;
  }
  return { difference: undefined, drawn };
}

function draw<T extends Terms>(
  { of, one, other, kind }: Asked<T>,
  scope: T["scope"],
  lengths: Lengths,
  runs: number,
  seed: number,
) {
  const bench = of.bench(one, scope);
  const attempt = (drawn: readonly T["choice"][]) => {
    const state = other.initial(scope);
    let bits = 0;
    const law = {
      id: "answers-alike",
      says: "Both answer alike.",
      source: "here",
      // Asked once for each command, so the other kernel keeps step.
      holds: (_before: T["world"], command: T["command"], response: T["response"]) => {
        bits = of.differences(response, other.act(state, command));
        return (bits & (wanted(of, kind) | of.partsWays)) === 0;
      },
    };
    const { history, failed } = runChoices<T>({ ...bench, laws: [law] }, of.ofBoth(drawn, one, other), {
      violated: () => ((bits & wanted(of, kind)) === 0 ? "stop" : "fail"),
    });
    return failed === undefined ? undefined : history;
  };
  return searchAtRandom({ drawn: of.choices(scope, lengths), attempt, seed, runs });
}

function bringDown<T extends Terms>(
  { of, one, other, kind }: Asked<T>,
  scope: T["scope"],
  history: readonly T["step"][],
): readonly T["step"][] {
  const { isWellFormed, naming, simpler } = of.bench(one, scope);
  return shrink(history, {
    fails: (candidate) =>
      isWellFormed(candidate) && (lastDiffers(of, one, other, scope, candidate) & wanted(of, kind)) !== 0,
    without: naming.without,
    simpler,
  });
}

/** Short histories drawn anew: dropping steps cannot turn one way to differ into another. */
function* shorter<T extends Terms>(
  asked: Asked<T>,
  scope: T["scope"],
  history: readonly T["step"][],
): Generator<string, readonly T["step"][], Stop> {
  for (let length = 1; length < history.length; length++) {
    if (yield `histories of ${length} commands, shorter than the ${history.length} found`) break;
    const lengths = { shortest: length, longest: length };
    const { found } = draw(asked, scope, lengths, TRIES_PER_STEP * length, asked.seed);
    if (found !== undefined) return bringDown(asked, scope, found);
  }
  return history;
}
