/**
 * Breadth-first through every state of a machine. States are visited in the order in which they were met, so the
 * first transition that breaks a law is among the nearest, and the history into it is a shortest one.
 */
import { type Batch, emptyBatch } from "./batch.ts";
import { COMPACT_BITS, CompactTable, omissionBound } from "./compact-table.ts";
import { StateTable } from "./state-table.ts";

/** What an explorer visits: it knows states only by the words that tell them apart. */
export interface Visitable {
  readonly name: string;
  /** Words in the form of a state. */
  readonly words: number;
  /** Every action, by name: at most 65,535. */
  readonly actions: readonly string[];
  /** What a transition or the state it leads to may break: at most 30. */
  readonly laws: readonly { readonly id: string; readonly says: string }[];
  /** If the form is itself a hash of the state: of so many bits. */
  readonly hashBits?: number | undefined;
  /** What makes it smaller than it is: each a few words. */
  readonly reductions: readonly string[];
  /** Writes the form of the initial state. */
  begin(form: Int32Array): void;
  /** Adds the transitions from a state to the batch, which has room for one by every action. */
  expand(number: number, reached: Reached, batch: Batch): void;
  /** Bits of the laws that the state whose form stands there breaks by itself. */
  brokenIn(forms: Int32Array, at: number): number;
  /**
   * The actions of a real run through these states, and then one that breaks the law: the action given, unless
   * states were merged.
   */
  run(numbers: readonly number[], reached: Reached, law: number, action: number): number[];
  /** What was to be seen in transitions, and how often it was. */
  witnesses?(): ReadonlyMap<string, number>;
}

/** The states met. */
export interface Reached {
  readonly count: number;
  readonly bytes: number;
  /** By state: the one it was first met from, and by which action. */
  readonly parents: Int32Array;
  readonly actions: Uint16Array;
  read(number: number, into: Int32Array): void;
  /** Whether the state of this number has this form. */
  is(number: number, form: Int32Array): boolean;
  /** The number of the state that has this form; negative if it was never met. */
  find(form: Int32Array): number;
}

export interface Bounds {
  readonly states: number;
  readonly milliseconds: number;
  readonly bytes: number;
}

export interface ExploreOptions {
  readonly bounds: Bounds;
  /** Keeps 64 bits of hash of each state, and not the state. */
  readonly compact?: boolean;
  /** Asked whenever one more law is broken, with all that are: whether to end there. If not given, at the first. */
  readonly enough?: (broken: readonly string[]) => boolean;
}

/** A law that is broken, and a shortest run into that: indices of actions. */
export interface ShortestBreak {
  readonly law: string;
  readonly run: readonly number[];
}

export interface Explored {
  readonly states: number;
  readonly edges: number;
  /** Transitions from the initial state to the last one met. */
  readonly depth: number;
  readonly verdict: "holds" | "broken" | "bounded";
  /** What ended it: nothing was left to visit, enough was broken, or a bound. */
  readonly ended: "fixpoint" | "break" | "states" | "time" | "memory" | "request";
  /** In the order in which they were met: shortest first. */
  readonly breaks: readonly ShortestBreak[];
  /** By law, then by action: commands of a shortest run whose last action is that and breaks it; 0 for none. */
  readonly shortest: readonly Uint16Array[];
  /** States in which no action is enabled. */
  readonly deadlocks: number;
  /** How often each action fired, by its index. */
  readonly fired: Float64Array;
  readonly witnesses: ReadonlyMap<string, number>;
  readonly reductions: readonly string[];
  /** 0 if exact, else how likely it is that some state was left out. */
  readonly omission: number;
  readonly exact: boolean;
  /** Bits of hash by which states were told apart; undefined if it was exact. */
  readonly hashBits: number | undefined;
  readonly bytes: number;
  readonly seconds: number;
  readonly reached: Reached;
}

/** How far an exploration has come. */
export interface Progress {
  readonly states: number;
  readonly depth: number;
  /** States met and not yet visited. */
  readonly queue: number;
  readonly bytes: number;
  /** About how many states are left to meet; undefined while each level is larger than the last. */
  readonly left: number | undefined;
}

/** Transitions put into the table at a time, more or less. */
const BATCH = 512;
/** Transitions between two looks at the clock: a few milliseconds. */
const TURN = 16_384;

/** The whole exploration at once. */
export function explore(machine: Visitable, options: ExploreOptions): Explored {
  const work = exploring(machine, options);
  for (;;) {
    const { done, value } = work.next(false);
    if (done) return value;
  }
}

/** What is known while it goes on. */
interface Search {
  readonly machine: Visitable;
  readonly batch: Batch;
  readonly reached: StateTable | CompactTable;
  readonly fired: Float64Array;
  /** By law: where it was first broken; undefined if not. */
  readonly first: ({ readonly from: number; readonly action: number } | undefined)[];
  readonly shortest: readonly Uint16Array[];
  readonly broken: string[];
  edges: number;
  deadlocks: number;
  depth: number;
}

/** The same in turns of a few milliseconds. Sent true after one, it ends there, as at a bound. */
export function* exploring(
  machine: Visitable,
  { bounds, compact = false, enough = () => true }: ExploreOptions,
): Generator<Progress, Explored, boolean> {
  const started = performance.now();
  const search = begin(machine, compact);
  const { reached } = search;
  const levels: number[] = [1];
  let ended: Explored["ended"] = "fixpoint";
  let head = 0;
  let levelEnd = 1;
  let told = 0;
  let look = 0;
  if (search.broken.length > 0 && enough(search.broken)) ended = "break";
  while (head < reached.count && ended === "fixpoint") {
    // A batch stays in one level: all histories into it have the same length.
    while (head < levelEnd && search.batch.count < BATCH) expand(search, head++);
    const room = settle(search);
    if (!room) ended = "memory";
    if (search.broken.length > told) {
      told = search.broken.length;
      if (enough(search.broken)) ended = "break";
    }
    if (head === levelEnd && reached.count > levelEnd) {
      search.depth += 1;
      levels.push(reached.count - levelEnd);
      levelEnd = reached.count;
    }
    if (ended === "fixpoint" && search.edges >= look) {
      look = search.edges + TURN;
      const stop = yield progressOf(search, head, levels);
      if (stop) ended = "request";
      else if (reached.count > bounds.states) ended = "states";
      else if (reached.bytes > bounds.bytes) ended = "memory";
      else if (performance.now() - started > bounds.milliseconds) ended = "time";
    }
  }
  const hashBits = compact ? COMPACT_BITS : machine.hashBits;
  return summary(search, ended, hashBits, (performance.now() - started) / 1000);
}

function begin(machine: Visitable, compact: boolean): Search {
  const { words, actions, laws } = machine;
  const batch = emptyBatch(words, BATCH + actions.length);
  const search: Search = {
    machine,
    batch,
    reached: compact ? new CompactTable(words) : new StateTable(words),
    fired: new Float64Array(actions.length),
    first: laws.map(() => undefined),
    shortest: laws.map(() => new Uint16Array(actions.length)),
    broken: [],
    edges: 0,
    deadlocks: 0,
    depth: 0,
  };
  machine.begin(batch.forms);
  batch.from[0] = -1;
  batch.goesOn[0] = 1;
  batch.count = 1;
  search.reached.addAll(batch);
  batch.count = 0;
  const broken = machine.brokenIn(batch.forms, 0);
  for (let law = 0; law < laws.length; law++) if ((broken >> law) & 1) note(search, law, -1, 0);
  return search;
}

function expand({ machine, batch, reached }: Search, number: number): void {
  const before = batch.count;
  machine.expand(number, reached, batch);
  if (batch.count !== before) return;
  // A transition from nowhere, so that it is counted where the others are.
  batch.from[before] = -1;
  batch.goesOn[before] = 0;
  batch.broken[before] = 0;
  batch.count = before + 1;
}

/** Puts a batch into the table and looks at what was broken. False where there is no memory for it. */
function settle(search: Search): boolean {
  const { machine, batch, reached, fired } = search;
  try {
    reached.addAll(batch);
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
  const { count, forms, from, by, broken, isNew, words } = batch;
  for (let nth = 0; nth < count; nth++) {
    if (from[nth] === -1) {
      search.deadlocks += 1;
      continue;
    }
    const action = by[nth] as number;
    search.edges += 1;
    fired[action] = (fired[action] as number) + 1;
    let laws = broken[nth] as number;
    if (isNew[nth] === 1) laws |= machine.brokenIn(forms, nth * words);
    if (laws !== 0) noteAll(search, laws, from[nth] as number, action);
  }
  batch.count = 0;
  return true;
}

function noteAll(search: Search, laws: number, from: number, action: number): void {
  for (let law = 0; law < search.machine.laws.length; law++) {
    if ((laws >> law) & 1) note(search, law, from, action);
  }
}

function note(search: Search, law: number, from: number, action: number): void {
  const lengths = search.shortest[law] as Uint16Array;
  if (lengths[action] === 0) lengths[action] = search.depth + 1;
  if (search.first[law] !== undefined) return;
  search.first[law] = { from, action };
  search.broken.push((search.machine.laws[law] as { id: string }).id);
}

/** States left are estimated only while levels shrink: as a geometric series of the last two. */
function progressOf({ reached, depth }: Search, head: number, levels: readonly number[]): Progress {
  const [before, last] = [levels.at(-2) ?? 0, levels.at(-1) ?? 0];
  const queue = reached.count - head;
  const left = last < before ? Math.round((last * last) / (before - last)) : undefined;
  return { states: reached.count, depth, queue, bytes: reached.bytes, left };
}

function summary(
  search: Search,
  ended: Explored["ended"],
  hashBits: number | undefined,
  seconds: number,
): Explored {
  const { machine, reached, edges, depth, deadlocks, fired, shortest } = search;
  const breaks = search.broken.map((id) => {
    const law = machine.laws.findIndex((each) => each.id === id);
    return { law: id, run: runInto(search, law) };
  });
  const bounded = ended !== "fixpoint" && ended !== "break";
  return {
    states: reached.count,
    edges,
    depth,
    verdict: breaks.length > 0 ? "broken" : bounded ? "bounded" : "holds",
    ended,
    breaks,
    shortest,
    deadlocks,
    fired,
    witnesses: machine.witnesses?.() ?? new Map(),
    reductions: machine.reductions,
    exact: hashBits === undefined,
    hashBits,
    omission: hashBits === undefined ? 0 : omissionBound(reached.count, hashBits),
    bytes: reached.bytes,
    seconds,
    reached,
  };
}

function runInto({ machine, reached, first }: Search, law: number): number[] {
  const { from, action } = first[law] as { from: number; action: number };
  if (from < 0) return [];
  return machine.run(pathTo(reached, from), reached, law, action);
}

/** The states on the way to one, the initial one first. */
export function pathTo({ parents }: Reached, number: number): number[] {
  const numbers: number[] = [];
  for (let at = number; at >= 0; at = parents[at] as number) numbers.push(at);
  return numbers.reverse();
}
