/**
 * The shortest history on which two kernels answer differently: by exploring both together, place after place; at
 * random, if that shows none and does not reach a fixpoint.
 */

import { searchAtRandom } from "../../../engine/run/random.ts";
import { shrink } from "../../../engine/run/shrink.ts";
import { exploring } from "../../../engine/search/explore.ts";
import type { Explored, Stop } from "../../../engine/search/visitable.ts";
import type { Call } from "../../../spec/vmap/commands/command.ts";
import type { Command, Response } from "../../../spec/vmap/commands.ts";
import { type HistoryStep, isWellFormed, naming, simpler } from "../../../spec/vmap/history.ts";
import type { Kernel } from "../../../spec/vmap/kernel.ts";
import type { Scope } from "../../../spec/vmap/scope.ts";
import type { World } from "../../../spec/vmap/world.ts";
import { type Choice, choices, type Lengths } from "../choices.ts";
import { historyOf } from "../history-of.ts";
import { runChoices } from "../run-choices.ts";
import { benchFor } from "../test-bench.ts";
import { ANY_KIND, bitOf, differences, KINDS, type KindId, kindsIn, PARTS_WAYS } from "./differences.ts";
import { ANSWERS_ALIKE, lockstepByKind } from "./lockstep.ts";
import { replayPair } from "./replay-pair.ts";

/** A small machine that is explored, and what callers do there. */
export interface Place {
  /** As it is typed. */
  readonly name: string;
  readonly scope: Scope;
  readonly calls: readonly Call[];
}

export interface Asked<S> {
  readonly one: Kernel<S>;
  readonly other: Kernel<S>;
  readonly places: readonly Place[];
  /** Where histories are drawn, in turn. */
  readonly drawnIn: readonly Scope[];
  /** Only a difference of this kind counts, if given. */
  readonly kind: KindId | undefined;
  readonly seed: number;
  /** States visited in each place. */
  readonly states: number;
  /** Histories drawn at random. */
  readonly runs: number;
}

export interface Difference {
  readonly scope: Scope;
  /** The last command is answered differently. */
  readonly history: readonly HistoryStep[];
  readonly kinds: readonly KindId[];
  readonly found: "explored" | "random";
  /** Where it was explored. */
  readonly place: Place | undefined;
}

/** By which command, and in how many commands at least, replies differ in this kind. */
export interface ByKind {
  readonly kind: KindId;
  readonly op: Command["op"];
  readonly commands: number;
}

export interface Visited {
  readonly place: Place;
  readonly states: number;
  readonly depth: number;
  readonly ended: Explored["ended"];
  /** All histories of up to this number of commands were tried. */
  readonly tried: number;
  readonly byKind: readonly ByKind[];
}

export interface Compared {
  readonly difference: Difference | undefined;
  /** The places explored, in order. */
  readonly visited: readonly Visited[];
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
export function* comparing<S>(asked: Asked<S>): Generator<string, Compared, Stop> {
  const started = performance.now();
  const visited: Visited[] = [];
  let difference: Difference | undefined;
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
  const whole = visited.filter(({ ended }) => ended === "fixpoint").map(({ place }) => place.scope);
  const drawnIn = asked.drawnIn.filter((scope) => !whole.includes(scope));
  if (difference === undefined && !stopped && drawnIn.length > 0) {
    const atRandom = yield* drawing({ ...asked, drawnIn });
    ({ difference, drawn } = atRandom);
  }
  return { difference, visited, drawn, seconds: (performance.now() - started) / 1000 };
}

/** The same, without turns. */
export function compare<S>(asked: Asked<S>): Compared {
  const work = comparing(asked);
  for (;;) {
    const { done, value } = work.next(false);
    if (done) return value;
  }
}

function* explorePlace<S>(
  { one, other, kind, states: most }: Asked<S>,
  place: Place,
  /** The commands of the shortest history that is known; undefined if none is. */
  known: number | undefined,
): Generator<string, { difference: Difference | undefined; visited: Visited; stopped: boolean }, Stop> {
  const { scope, calls } = place;
  const machine = lockstepByKind(one, other, scope, callsOfBoth(one, other, calls));
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
    stop = yield `${place.name}: ${states} states, depth ${depth}`;
    turn = work.next(stop || isEnough(states, depth));
  }
  const stopped = stop !== false;
  const explored = turn.value;
  const visited: Visited = {
    place,
    states: explored.states,
    depth: explored.depth,
    ended: explored.ended,
    // The last state was reached from the level below it, which is not visited completely.
    tried: explored.ended === "fixpoint" ? Number.POSITIVE_INFINITY : explored.depth - 1,
    byKind: byKind(machine.commands, explored),
  };
  const violated = explored.violations.find(({ law }) => kind === undefined || law === kind);
  if (violated === undefined) return { difference: undefined, visited, stopped };
  const history = historyOf(machine.commands, violated.run, one, scope);
  const bits = lastDiffers(one, other, scope, history);
  if ((bits & wanted(kind)) === 0) {
    throw new Error(
      `vmapcheck itself is wrong: the explorer says that ${one.name} and ${other.name} differ at the end of ` +
        `${JSON.stringify(history)}, and they do not`,
    );
  }
  return { difference: { scope, history, kinds: kindsIn(bits), found: "explored", place }, visited, stopped };
}

/** Without commands that one of the two kernels does not have. */
function callsOfBoth<S>(one: Kernel<S>, other: Kernel<S>, calls: readonly Call[]): readonly Call[] {
  if (hasBlocks(one) && hasBlocks(other)) return calls;
  const only = calls.filter((call) => call !== "map" && call !== "unmapAliases" && call !== "pin");
  return only.length === calls.length ? calls : only;
}

/** Whether it has vm_map_ram and vm_unmap_aliases. */
export function hasBlocks<S>({ release }: Kernel<S>): boolean {
  return release.fragments !== "no blocks";
}

function byKind(commands: readonly Command[], { shortest }: Explored): ByKind[] {
  const found = new Map<string, ByKind>();
  for (const [law, lengths] of shortest.entries()) {
    const { id: kind } = KINDS[law] as (typeof KINDS)[number];
    for (const [action, length] of lengths.entries()) {
      if (length === 0) continue;
      const { op } = commands[action] as Command;
      const least = found.get(`${kind} ${op}`)?.commands ?? Number.POSITIVE_INFINITY;
      if (length < least) found.set(`${kind} ${op}`, { kind, op, commands: length });
    }
  }
  return [...found.values()].sort((a, b) => a.commands - b.commands);
}

const wanted = (kind: KindId | undefined): number => (kind === undefined ? ANY_KIND : bitOf(kind));

/** The differences in the answers to the last command of a history, if both get there. */
function lastDiffers<S>(
  one: Kernel<S>,
  other: Kernel<S>,
  scope: Scope,
  history: readonly HistoryStep[],
): number {
  const played = replayPair(one, other, scope, history);
  return played.length < history.length ? 0 : (played.at(-1)?.differs ?? 0);
}

function* drawing<S>(
  asked: Asked<S>,
): Generator<string, { difference: Difference | undefined; drawn: number }, Stop> {
  const { drawnIn, seed, kind, one, other, runs } = asked;
  let drawn = 0;
  for (let turn = 0; drawn < runs; turn++) {
    const scope = drawnIn[turn % drawnIn.length] as Scope;
    const longest = LENGTHS[Math.floor(turn / drawnIn.length) % LENGTHS.length] as number;
    const result = draw(asked, scope, { longest }, Math.min(TURN, runs - drawn), seed + turn);
    drawn += result.runs;
    if (result.found !== undefined) {
      const history = yield* shorter(asked, scope, bringDown(asked, scope, result.found));
      const kinds = kindsIn(lastDiffers(one, other, scope, history) & wanted(kind));
      return { difference: { scope, history, kinds, found: "random", place: undefined }, drawn };
    }
    if (yield `${drawn} histories at random`) break;
  }
  return { difference: undefined, drawn };
}

function draw<S>({ one, other, kind }: Asked<S>, scope: Scope, lengths: Lengths, runs: number, seed: number) {
  const setting = benchFor(one, scope);
  const attempt = (drawn: readonly Choice[]) => {
    const state = other.initial(scope);
    let bits = 0;
    const law = {
      id: ANSWERS_ALIKE,
      says: "Both answer alike.",
      source: "here",
      // Asked once for each command, so the other kernel keeps step.
      holds: (_before: World, command: Command, response: Response) => {
        bits = differences(response, other.act(state, command));
        return (bits & (wanted(kind) | PARTS_WAYS)) === 0;
      },
    };
    const { history, failed } = runChoices({ ...setting, laws: [law] }, withoutMaps(drawn, one, other), {
      violated: () => ((bits & wanted(kind)) === 0 ? "stop" : "fail"),
    });
    return failed === undefined ? undefined : history;
  };
  return searchAtRandom({ drawn: choices(scope, lengths), attempt, seed, runs });
}

function withoutMaps<S>(drawn: readonly Choice[], one: Kernel<S>, other: Kernel<S>): readonly Choice[] {
  if (hasBlocks(one) && hasBlocks(other)) return drawn;
  return drawn.filter(({ op }) => op !== "mapRam" && op !== "unmapAliases" && op !== "pin");
}

function bringDown<S>(
  { one, other, kind }: Asked<S>,
  scope: Scope,
  history: readonly HistoryStep[],
): readonly HistoryStep[] {
  return shrink(history, {
    fails: (candidate) =>
      isWellFormed(candidate, scope) && (lastDiffers(one, other, scope, candidate) & wanted(kind)) !== 0,
    without: naming.without,
    simpler: (step) => simpler(step, scope),
  });
}

/** Short histories drawn anew: dropping steps cannot turn one way to differ into another. */
function* shorter<S>(
  asked: Asked<S>,
  scope: Scope,
  history: readonly HistoryStep[],
): Generator<string, readonly HistoryStep[], Stop> {
  for (let length = 1; length < history.length; length++) {
    if (yield `histories of ${length} commands, shorter than the ${history.length} found`) break;
    const lengths = { shortest: length, longest: length };
    const { found } = draw(asked, scope, lengths, TRIES_PER_STEP * length, asked.seed);
    if (found !== undefined) return bringDown(asked, scope, found);
  }
  return history;
}
