/**
 * Swarm exploration (Holzmann, Joshi and Groce, "Swarm Verification", 2008): many searches of a machine that is too
 * large for one, each depth first in an order drawn from its seed, each bounded in states and depth. They know nothing
 * of each other. How many states there are is estimated from what several of them found, as animals are counted that
 * are caught more than once.
 */
import { Random } from "../run/random.ts";
import { endedBy } from "./explore.ts";
import { hash } from "./hash.ts";
import { addInitial, batchFor, count, expand, noFindings, refuse, summary, violatedIn } from "./search.ts";
import { StateTable } from "./state-table.ts";
import type { Explored, Progress, Search, Stop, Visitable } from "./visitable.ts";

export interface SwarmOptions {
  readonly seed: number;
  /** The most states that it keeps. */
  readonly states: number;
  /** The longest runs. */
  readonly depth: number;
  /** Of the states, one in this many is in the sample: a power of two. The same for searches that are compared. */
  readonly every: number;
  readonly enough?: (violated: readonly string[]) => boolean;
  readonly isFull?: (() => boolean) | undefined;
}

/** One search of a swarm. Its runs are real, and need not be shortest ones. */
export interface SwarmSearch extends Explored {
  /** Hashes of some of its states: the same ones in every search that found them. */
  readonly sample: readonly number[];
}

/** Transitions in a turn. */
const TURN = 16_384;
const SAMPLE_SEED = 0x5bd1e995;

/** Ends at the fixpoint if no bound was met: all states were visited then. */
export function* swarming(
  machine: Visitable,
  { seed, states, depth, every, enough = () => true, isFull }: SwarmOptions,
): Generator<Progress, SwarmSearch, Stop> {
  refuse(machine);
  const started = performance.now();
  const random = new Random(seed);
  const reached = new StateTable(machine.words);
  const batch = batchFor(machine);
  const findings = noFindings(machine);
  addInitial(machine, reached, batch, findings);
  const before = { seconds: 0, witnesses: new Map<string, number>() };
  const place = { levels: [1], head: 0, levelEnd: 1, before };
  const search: Search = { machine, reached, hashBits: machine.hashBits, findings, ...place };
  const depths = [0];
  const waiting = [0];
  let ended: Explored["ended"] | undefined;
  let isCut = false;
  let look = 0;
  if (findings.violated.length > 0 && enough(violatedIn(search))) ended = "break";
  while (ended === undefined) {
    const number = waiting.pop();
    if (number === undefined) {
      ended = isCut ? "states" : "fixpoint";
      break;
    }
    const length = depths[number] as number;
    const [first, known] = [reached.count, findings.violated.length];
    expand(machine, reached, batch, number);
    reached.addAll(batch);
    count(machine, batch, findings, length);
    for (let each = first; each < reached.count; each++) {
      depths[each] = length + 1;
      if (length + 1 < depth) waiting.push(each);
      else isCut = true;
    }
    if (length + 1 < depth) shuffleEnd(waiting, reached.count - first, random);
    if (findings.violated.length > known && enough(violatedIn(search))) ended = "break";
    else if (reached.count >= states) ended = "states";
    if (findings.edges < look) continue;
    look = findings.edges + TURN;
    const progress = { states: reached.count, depth: length, queue: waiting.length, bytes: reached.bytes };
    ended ??= endedBy(yield { ...progress, left: undefined }) ?? (isFull?.() ? "memory" : undefined);
  }
  const seconds = (performance.now() - started) / 1000;
  return {
    ...summary(search, ended, seconds, machine.witnesses?.() ?? new Map()),
    depth: depths.reduce((most, each) => Math.max(most, each), 0),
    sample: sampleOf(reached, every),
  };
}

/** Puts the last of a list in an order drawn at random. */
function shuffleEnd(list: number[], last: number, random: Random): void {
  const begin = list.length - last;
  for (let at = list.length - 1; at > begin; at--) {
    const other = begin + random.below(at - begin + 1);
    [list[at], list[other]] = [list[other] as number, list[at] as number];
  }
}

/** 53 bits of hash of each state in the sample. */
function sampleOf({ states, words, count }: StateTable, every: number): number[] {
  const sample: number[] = [];
  for (let number = 0; number < count; number++) {
    const high = hash(states, number * words, words, SAMPLE_SEED) >>> 0;
    if (high % every !== 0) continue;
    sample.push(high * 2 ** 21 + (hash(states, number * words, words) >>> 11));
  }
  return sample;
}

/** How many states there are, by the samples of several searches. */
export interface Coverage {
  readonly searches: number;
  /** States that at least one of them found, and how many of these one alone found; estimated from the sample. */
  readonly found: number;
  readonly once: number;
  /**
   * A lower bound of all states, as estimated (Chao 1987): searches find some states more easily than others, so that
   * as many as are found again say less of the others.
   */
  readonly estimate: number;
}

/** Needs two searches at least. */
export function coverageOf(samples: readonly (readonly number[])[], every: number): Coverage {
  const times = new Map<number, number>();
  for (const sample of samples) for (const each of sample) times.set(each, (times.get(each) ?? 0) + 1);
  const caught = (count: number) => [...times.values()].filter((each) => each === count).length;
  const [once, twice] = [caught(1), caught(2)];
  const searches = samples.length;
  const unseen = (((searches - 1) / searches) * once * (once - 1)) / (2 * (twice + 1));
  return {
    searches,
    found: times.size * every,
    once: once * every,
    estimate: Math.round((times.size + unseen) * every),
  };
}
