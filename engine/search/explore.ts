/**
 * Breadth-first search through every state of a machine. States are visited in the order in which they were found, so
 * the first transition that violates a law is among the nearest, and the run into it is a shortest one.
 */

import { OutOfMemory } from "../out-of-memory.ts";
import type { Batch } from "./batch.ts";
import { COMPACT_BITS, COMPACT_WORDS, CompactTable } from "./compact-table.ts";
import {
  addInitial,
  BATCH,
  batchFor,
  beginLevel,
  count,
  depthOf,
  expand,
  noFindings,
  progressOf,
  refuse,
  type Saved,
  type SavedTable,
  type Search,
  savedFrom,
  startOf,
  summary,
  type Table,
  violatedIn,
  witnessesOf,
} from "./search.ts";
import { StateTable } from "./state-table.ts";

/** What an explorer visits: it knows states only by the words that identify them. */
export interface Visitable {
  readonly name: string;
  /** Words in the form of a state. */
  readonly words: number;
  /** Every action, by name: at most 65,535, or its exploration throws a RangeError. */
  readonly actions: readonly string[];
  /**
   * The laws that a transition or the state it leads to may violate: at most 30, each with its own id, or its
   * exploration throws a RangeError.
   */
  readonly laws: readonly { readonly id: string; readonly says: string }[];
  /** The number of bits, if the form is itself a hash of the state. */
  readonly hashBits?: number | undefined;
  /** The reductions of the machine, a few words each. */
  readonly reductions: readonly string[];
  /** Writes the form of the initial state. */
  begin(form: Int32Array): void;
  /** Adds the transitions from a state to the batch, which has room for one by every action. */
  expand(number: number, reached: Reached, batch: Batch): void;
  /** Bits of the laws that the state violates by itself whose form begins at `at`. */
  violatedIn(forms: Int32Array, at: number): number;
  /**
   * The actions of a real run to the state of this number, and then one that violates the law: the action given,
   * unless states were merged.
   */
  run(from: number, reached: Reached, law: number, action: number): number[];
  /** Witnesses to be seen in transitions: 1 once seen, 0 before. */
  witnesses?(): ReadonlyMap<string, number>;
}

/** The states found. */
export interface Reached {
  readonly count: number;
  readonly bytes: number;
  /** By state: the parent from which it was first found, and the action. */
  readonly parents: Int32Array;
  readonly actions: Uint16Array;
  read(number: number, into: Int32Array): void;
  /** Whether the state of this number has this form. */
  is(number: number, form: Int32Array): boolean;
  /** The number of the state that has this form; negative if no such state was found. */
  find(form: Int32Array): number;
}

/**
 * The bounds of an exploration. None is of time: a search has the same answer on every machine, unless it is stopped.
 */
export interface Bounds {
  /** Passed by one batch at most. */
  readonly states: number;
  /**
   * Bytes of the table. Never exceeded, but by an empty table: before a table grows, its old and new arrays are
   * counted.
   */
  readonly bytes: number;
  /** Asked after each turn: whether the process has taken too much memory, the search included. */
  readonly isFull?: (() => boolean) | undefined;
}

/** Sent to a search after each of its turns: whether to end, by request (true) or because its time is up. */
export type Stop = boolean | "time";

export interface ExploreOptions {
  readonly bounds: Bounds;
  /**
   * Keeps 64 bits of hash of each state instead of the state. A form of at most two words is no larger: it is kept
   * itself, and the exploration is exact.
   */
  readonly compact?: boolean;
  /**
   * Called with all violated laws whenever one is added: whether to end there. By default the search ends at the first.
   */
  readonly enough?: (violated: readonly string[]) => boolean;
  /** A saved search of the same machine, to be continued. Its table overrides `compact`. */
  readonly resume?: Saved | undefined;
  readonly saving?: Saving | undefined;
}

/** Saves a search from time to time, and when it ends with states left to visit. */
export interface Saving {
  /** Whether it is time to save. */
  due(): boolean;
  /** The argument is the search itself, valid until this returns. */
  save(search: Saved): void;
}

/** A law that is violated, and a shortest run into that: indices of actions. */
export interface ShortestViolation {
  readonly law: string;
  readonly run: readonly number[];
}

export interface Explored {
  readonly states: number;
  readonly edges: number;
  /** Transitions from the initial state to the last state found. */
  readonly depth: number;
  readonly verdict: "holds" | "broken" | "bounded";
  /** What ended it: nothing was left to visit, enough was violated, or a bound. */
  readonly ended: "fixpoint" | "break" | "states" | "time" | "memory" | "request";
  /** In the order in which they were found: shortest first. */
  readonly violations: readonly ShortestViolation[];
  /**
   * By law, then by action: commands of a shortest run whose last action is that and violates it; 0 for none, and
   * 65,535 for that or more.
   */
  readonly shortest: readonly Uint16Array[];
  /** States in which no action is enabled. */
  readonly deadlocks: number;
  /** How often each action fired, by its index. */
  readonly fired: Float64Array;
  readonly witnesses: ReadonlyMap<string, number>;
  readonly reductions: readonly string[];
  /** 0 if exact, else a bound of the probability that a state was omitted. */
  readonly omission: number;
  readonly exact: boolean;
  /** Bits of hash by which states were distinguished; undefined if it was exact. */
  readonly hashBits: number | undefined;
  readonly bytes: number;
  readonly seconds: number;
  readonly reached: Reached;
}

/** How far an exploration has come. */
export interface Progress {
  readonly states: number;
  /** Of the states visited now. */
  readonly depth: number;
  /** States found and not yet visited. */
  readonly queue: number;
  readonly bytes: number;
  /** An estimate of the states left to find; undefined while each level is larger than the last. */
  readonly left: number | undefined;
}

/**
 * Transitions in a turn: a few milliseconds of a protocol, and the longer the more a machine does to take an action and
 * to judge it.
 */
const TURN = 16_384;

/** The whole exploration at once. */
export function explore(machine: Visitable, options: ExploreOptions): Explored {
  const work = exploring(machine, options);
  for (;;) {
    const { done, value } = work.next(false);
    if (done) return value;
  }
}

/** One thread's search: it alone adds to the table. */
interface SingleThreadSearch extends Search {
  readonly batch: Batch;
  readonly reached: (StateTable | CompactTable) & Table;
}

/** The same in turns of some thousand transitions. Stopped after a turn, it ends as at a bound. */
export function* exploring(
  machine: Visitable,
  { bounds, compact = false, enough = () => true, resume, saving }: ExploreOptions,
): Generator<Progress, Explored, Stop> {
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  const search = begin(machine, compact, resume);
  const seen = () => witnessesOf(search, [machine.witnesses?.()]);
  const saved = () => savedFrom(search, search.reached.save(), seconds(), seen());
  let ended: Explored["ended"] | undefined;
  if (search.findings.violated.length > 0 && enough(violatedIn(search))) ended = "break";
  let look = 0;
  while (ended === undefined) {
    ended = advance(search, bounds, enough);
    if (ended !== undefined || search.findings.edges < look) continue;
    look = search.findings.edges + TURN;
    if (saving?.due()) saving.save(saved());
    const stop = endedBy(yield progressOf(search, search.head));
    ended = stop ?? (bounds.isFull?.() ? "memory" : undefined);
  }
  if (isBounded(ended)) saving?.save(saved());
  return summary(search, ended, seconds(), seen());
}

/** What ends a search that received this, if anything. */
export function endedBy(stop: Stop): "request" | "time" | undefined {
  if (stop === "time") return "time";
  return stop ? "request" : undefined;
}

/** Whether requested states are left to visit. */
export const isBounded = (ended: Explored["ended"]): boolean => ended !== "fixpoint" && ended !== "break";

function begin(machine: Visitable, compact: boolean, resume: Saved | undefined): SingleThreadSearch {
  refuse(machine);
  const isHashed = resume === undefined ? compact && machine.words > COMPACT_WORDS : isOfHashes(resume.table);
  const reached = isHashed ? new CompactTable(machine.words) : new StateTable(machine.words);
  const batch = batchFor(machine);
  const hashBits = isHashed ? COMPACT_BITS : machine.hashBits;
  const alone = { machine, batch, reached, hashBits };
  if (resume !== undefined) {
    reached.restore(resume.table);
    return { ...alone, ...startOf(resume) };
  }
  const findings = noFindings(machine);
  addInitial(machine, reached, batch, findings);
  const before = { seconds: 0, witnesses: new Map() };
  return { ...alone, findings, levels: [1], head: 0, levelEnd: 1, before };
}

/** Whether a table that was saved has hashes of states, and whole only those that are not visited yet. */
export const isOfHashes = ({ waiting }: SavedTable): boolean => waiting !== undefined;

/**
 * Visits some states, all of one level, so that all runs into them have the same length. Returns what ended the
 * exploration there, if anything did.
 */
function advance(
  search: SingleThreadSearch,
  bounds: Bounds,
  enough: (violated: readonly string[]) => boolean,
): Explored["ended"] | undefined {
  const { machine, batch, reached, findings } = search;
  const known = findings.violated.length;
  const before = search.head;
  while (search.head < search.levelEnd && batch.count < BATCH) expand(machine, reached, batch, search.head++);
  if (reached.bytesWith(batch.count) > bounds.bytes || !settle(search)) {
    // Nothing of this was counted: the states are left to visit.
    search.head = before;
    return "memory";
  }
  reached.forget(search.head);
  if (findings.violated.length > known && enough(violatedIn(search))) return "break";
  if (search.head === reached.count) return "fixpoint";
  if (search.head === search.levelEnd) beginLevel(search);
  return reached.count > bounds.states ? "states" : undefined;
}

/** Puts a batch into the table and looks at what was violated. False where there is no memory for it. */
function settle(search: SingleThreadSearch): boolean {
  const { machine, batch, reached, findings } = search;
  try {
    reached.addAll(batch);
  } catch (error) {
    if (error instanceof OutOfMemory) return false;
    throw error;
  }
  count(machine, batch, findings, depthOf(search));
  return true;
}

/** The states on the way to one, the initial one first. */
export function pathTo({ parents }: Reached, number: number): number[] {
  const numbers: number[] = [];
  for (let at = number; at >= 0; at = parents[at] as number) numbers.push(at);
  return numbers.reverse();
}

/** The actions on that way. */
export function actionsTo(reached: Reached, number: number): number[] {
  return pathTo(reached, number)
    .slice(1)
    .map((at) => reached.actions[at] as number);
}
