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
  savedFrom,
  startOf,
  summary,
  violatedIn,
  witnessesOf,
} from "./search.ts";
import { StateTable } from "./state-table.ts";
import type {
  Bounds,
  Explored,
  ExploreOptions,
  Progress,
  Reached,
  Saved,
  SavedTable,
  Search,
  Stop,
  Table,
  Visitable,
} from "./visitable.ts";

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
