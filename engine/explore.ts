/**
 * Breadth-first through every state of a machine. States are visited in the order in which they were met, so the
 * first transition that breaks a law is among the nearest, and the history into it is a shortest one.
 */
import { type Batch, emptyBatch } from "./batch.ts";
import { COMPACT_BITS, COMPACT_WORDS, CompactTable, omissionBound } from "./compact-table.ts";
import { OutOfMemory, StateTable } from "./state-table.ts";

/** As many actions as a table of states can number, and as many laws as there are bits below ENDS. */
const MOST_ACTIONS = 65_535;
const MOST_LAWS = 30;

/** What an explorer visits: it knows states only by the words that tell them apart. */
export interface Visitable {
  readonly name: string;
  /** Words in the form of a state. */
  readonly words: number;
  /** Every action, by name: at most 65,535, or its exploration throws a RangeError. */
  readonly actions: readonly string[];
  /** What a transition or the state it leads to may break: at most 30, each with its own id, or likewise. */
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
   * The actions of a real run to the state of this number, and then one that breaks the law: the action given,
   * unless states were merged.
   */
  run(from: number, reached: Reached, law: number, action: number): number[];
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

/** Where an exploration gives up. */
export interface Bounds {
  /** Passed by one batch at most. */
  readonly states: number;
  readonly milliseconds: number;
  /** Never passed, but by an empty table: before the table grows, old and new are counted. */
  readonly bytes: number;
}

export interface ExploreOptions {
  readonly bounds: Bounds;
  /**
   * Keeps 64 bits of hash of each state, and not the state. A form of at most two words is no larger than that: it
   * is kept itself, and the exploration is exact.
   */
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
  /**
   * By law, then by action: commands of a shortest run whose last action is that and breaks it; 0 for none, and
   * 65,535 for that or more.
   */
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
  /** Of the states visited now. */
  readonly depth: number;
  /** States met and not yet visited. */
  readonly queue: number;
  readonly bytes: number;
  /** About how many states are left to meet; undefined while each level is larger than the last. */
  readonly left: number | undefined;
}

/** Transitions put into the table at a time: so many, and at most those of one more state. */
export const BATCH = 512;
/**
 * Transitions between two looks at the clock: a few milliseconds of a protocol, and the longer the more a machine does
 * to take an action and to judge it.
 */
const TURN = 16_384;
/** The longest run that `shortest` can tell. */
const LONGEST = 65_535;

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
  readonly hashBits: number | undefined;
  readonly fired: Float64Array;
  /** By law: where it was first broken; undefined if not. */
  readonly first: ({ readonly from: number; readonly action: number } | undefined)[];
  readonly shortest: readonly Uint16Array[];
  readonly broken: string[];
  /** States of each level that was met whole. The last of these is being visited. */
  readonly levels: number[];
  /** The number of the state to visit next, and of the first that is in a later level. */
  head: number;
  levelEnd: number;
  edges: number;
  deadlocks: number;
}

/** The same in turns of some thousand transitions. Sent true after one, it ends there, as at a bound. */
export function* exploring(
  machine: Visitable,
  { bounds, compact = false, enough = () => true }: ExploreOptions,
): Generator<Progress, Explored, boolean> {
  const started = performance.now();
  const search = begin(machine, compact);
  let ended: Explored["ended"] | undefined;
  if (search.broken.length > 0 && enough(search.broken)) ended = "break";
  let look = 0;
  while (ended === undefined) {
    ended = advance(search, bounds, enough);
    if (ended !== undefined || search.edges < look) continue;
    look = search.edges + TURN;
    const stop = yield progressOf(search);
    if (stop) ended = "request";
    else if (performance.now() - started > bounds.milliseconds) ended = "time";
  }
  return summary(search, ended, (performance.now() - started) / 1000);
}

function begin(machine: Visitable, compact: boolean): Search {
  const { words, actions, laws } = machine;
  refuse(machine);
  const batch = emptyBatch(words, BATCH + actions.length);
  const hashed = compact && words > COMPACT_WORDS;
  const search: Search = {
    machine,
    batch,
    reached: hashed ? new CompactTable(words) : new StateTable(words),
    hashBits: hashed ? COMPACT_BITS : machine.hashBits,
    fired: new Float64Array(actions.length),
    first: laws.map(() => undefined),
    shortest: laws.map(() => new Uint16Array(actions.length)),
    broken: [],
    levels: [1],
    head: 0,
    levelEnd: 1,
    edges: 0,
    deadlocks: 0,
  };
  machine.begin(batch.forms);
  batch.from[0] = -1;
  batch.goesOn[0] = 1;
  batch.count = 1;
  search.reached.addAll(batch);
  batch.count = 0;
  // Broken by no action: there is no run that ends in one.
  noteFirst(search, machine.brokenIn(batch.forms, 0), -1, 0);
  return search;
}

/** Throws a RangeError for a machine that has more than can be counted, or laws that cannot be told apart. */
function refuse({ name, actions, laws }: Visitable): void {
  const twice = laws.map(({ id }) => id).filter((id, nth, ids) => ids.indexOf(id) < nth);
  const wrong = [
    ...(actions.length > MOST_ACTIONS ? [`${actions.length} actions, more than ${MOST_ACTIONS}`] : []),
    ...(laws.length > MOST_LAWS ? [`${laws.length} laws, more than ${MOST_LAWS}`] : []),
    ...(twice.length > 0 ? [`more than one law called ${[...new Set(twice)].join(", ")}`] : []),
  ];
  if (wrong.length > 0) throw new RangeError(`${name} has ${wrong.join(", and ")}`);
}

/**
 * Visits some states, all of one level, so that all histories into them have the same length. Returns what ended the
 * exploration there, if anything did.
 */
function advance(
  search: Search,
  bounds: Bounds,
  enough: (broken: readonly string[]) => boolean,
): Explored["ended"] | undefined {
  const { batch, reached, broken, levels } = search;
  const known = broken.length;
  while (search.head < search.levelEnd && batch.count < BATCH) expand(search, search.head++);
  if (reached.bytesWith(batch.count) > bounds.bytes || !settle(search)) return "memory";
  reached.forget(search.head);
  if (broken.length > known && enough(broken)) return "break";
  if (search.head === reached.count) return "fixpoint";
  if (search.head === search.levelEnd) {
    levels.push(reached.count - search.levelEnd);
    search.levelEnd = reached.count;
  }
  return reached.count > bounds.states ? "states" : undefined;
}

/** Transitions from the initial state to those visited now. */
const depthOf = ({ levels }: Search) => levels.length - 1;

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
    if (error instanceof OutOfMemory) return false;
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
    if (laws !== 0) note(search, laws, from[nth] as number, action);
  }
  batch.count = 0;
  return true;
}

/** Notes that an action broke these laws. */
function note(search: Search, laws: number, from: number, action: number): void {
  for (const [law, lengths] of search.shortest.entries()) {
    if (((laws >> law) & 1) === 0 || lengths[action] !== 0) continue;
    lengths[action] = Math.min(LONGEST, depthOf(search) + 1);
  }
  noteFirst(search, laws, from, action);
}

/** Notes where these laws were broken, those of them that were not broken before. */
function noteFirst({ machine, first, broken }: Search, laws: number, from: number, action: number): void {
  for (const [law, { id }] of machine.laws.entries()) {
    if (((laws >> law) & 1) === 0 || first[law] !== undefined) continue;
    first[law] = { from, action };
    broken.push(id);
  }
}

/** States left are estimated only while levels shrink: as a geometric series of the last two. */
function progressOf(search: Search): Progress {
  const { reached, levels, head } = search;
  const [before, last] = [levels.at(-2) ?? 0, levels.at(-1) ?? 0];
  const queue = reached.count - head;
  const left = last < before ? Math.round((last * last) / (before - last)) : undefined;
  return { states: reached.count, depth: depthOf(search), queue, bytes: reached.bytes, left };
}

function summary(search: Search, ended: Explored["ended"], seconds: number): Explored {
  const { machine, reached, hashBits, edges, deadlocks, fired, shortest } = search;
  const breaks = search.broken.map((id) => {
    const law = machine.laws.findIndex((each) => each.id === id);
    return { law: id, run: runInto(search, law) };
  });
  const bounded = ended !== "fixpoint" && ended !== "break";
  return {
    states: reached.count,
    edges,
    // Where it ended inside a level, some states of the next were met.
    depth: depthOf(search) + (reached.count > search.levelEnd ? 1 : 0),
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
  return machine.run(from, reached, law, action);
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
