/** What an explorer visits, what it finds, and a search as it stands and as it is saved. */
import type { Batch } from "./batch.ts";

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
  /** Whether it restores a state by its run: `expand` asks for parents and actions, and reads no state. */
  readonly restoresByRun?: boolean;
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
  /** The servers that had the states, if they were not in this process: those of the runs alone are in `reached`. */
  readonly shards?: readonly { readonly server: string; readonly states: number; readonly bytes: number }[];
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

/** A table that takes batches. */
export interface Table extends Reached {
  /** Numbers the new states of a batch, and marks them. */
  addAll(batch: Batch): void;
}

/**
 * The first violation of a law: the action, and the state it was taken in; -1 if the initial state violates the law by
 * itself.
 */
export interface First {
  readonly from: number;
  readonly action: number;
  /** Commands of the run into it. */
  readonly length: number;
}

/** The counts and the violations of a search. */
export interface Findings {
  edges: number;
  deadlocks: number;
  readonly fired: Float64Array;
  /** The indices of the violated laws, in the order of their first violations. */
  readonly violated: number[];
  /** By law; undefined where it is not violated. */
  readonly first: (First | undefined)[];
  /** As of Explored. */
  readonly shortest: readonly Uint16Array[];
}

/** A search between two batches. */
export interface Search {
  readonly machine: Visitable;
  readonly reached: Reached;
  readonly hashBits: number | undefined;
  findings: Findings;
  /** The number of states of each completely found level. The last of these is being visited. */
  readonly levels: number[];
  /** The number of the state to visit next, and of the first that is in a later level. */
  head: number;
  levelEnd: number;
  /** Of the earlier part of a resumed search. */
  readonly before: { readonly seconds: number; readonly witnesses: ReadonlyMap<string, number> };
}

/** A table as it is saved. */
export interface SavedTable {
  /** Words of what is kept of each state. */
  readonly words: number;
  readonly states: Int32Array;
  readonly parents: Int32Array;
  readonly actions: Uint16Array;
  /** The whole forms of the states not yet visited, if only hashes are kept. */
  readonly waiting?: Int32Array | undefined;
}

/** A search as it is saved: all that is needed to continue it. */
export interface Saved extends Pick<Search, "levels" | "head" | "levelEnd" | "findings"> {
  readonly seconds: number;
  readonly witnesses: ReadonlyMap<string, number>;
  readonly table: SavedTable;
}
