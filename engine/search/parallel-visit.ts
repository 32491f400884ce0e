/** The work of one thread: it visits states of a level, by an order, until none is left or all stop. */
import type { Batch } from "./batch.ts";
import { BATCH, batchFor, count, expand, noFindings } from "./search.ts";
import { OWN_COUNTERS, type SharedMemory, SharedTable } from "./shared-table.ts";
import type { Findings, Visitable } from "./visitable.ts";

/** Counters that all threads share: the state to visit next, and whether to stop after those taken. */
export const HEAD: number = OWN_COUNTERS;
export const STOP: number = OWN_COUNTERS + 1;

export type Order =
  | {
      readonly does: "visit";
      /** The level that is visited, and the number at which the next begins. */
      readonly depth: number;
      readonly levelEnd: number;
      /** States taken at a time. */
      readonly chunk: number;
      /** Stops once this many numbers are given out. */
      readonly most: number;
      /** A thread that visits alone continues with the next level while that has fewer states than this; else 0. */
      readonly narrow: number;
    }
  | { readonly does: "move"; readonly first: number; readonly end: number };

export interface Reply {
  /** All that this thread found since it was started. */
  readonly findings: Findings;
  readonly witnesses: ReadonlyMap<string, number> | undefined;
  readonly unused: readonly [number, number];
  /** The ends of levels that it began alone. */
  readonly levelEnds: readonly number[];
}

/** A thread's own. */
export interface Visiting {
  readonly machine: Visitable;
  readonly table: SharedTable;
  readonly batch: Batch;
  readonly findings: Findings;
}

type Visit = Extract<Order, { does: "visit" }>;

/** Visits states until the level has none left, or all are to stop. Returns the ends of levels begun alone. */
function visit(own: Visiting, order: Visit): number[] {
  const { table, findings } = own;
  const { control } = table;
  const { chunk, most, narrow } = order;
  const levelEnds: number[] = [];
  const known = findings.violated.length;
  let { levelEnd, depth } = order;
  for (;;) {
    if (Atomics.load(control, STOP) !== 0) break;
    if (table.count >= most) {
      Atomics.store(control, STOP, 1);
      break;
    }
    const first = Atomics.add(control, HEAD, chunk);
    if (first < levelEnd) {
      visitAll(own, first, Math.min(first + chunk, levelEnd), depth);
      continue;
    }
    // Alone, it knows where the next level ends: no other thread adds to it.
    const { next } = table;
    if (next === levelEnd || next - levelEnd >= narrow || findings.violated.length > known) break;
    Atomics.store(control, HEAD, levelEnd);
    levelEnd = next;
    levelEnds.push(next);
    depth += 1;
  }
  return levelEnds;
}

/** Visits the states of these numbers, batch by batch. */
function visitAll(
  { machine, table, batch, findings }: Visiting,
  first: number,
  end: number,
  depth: number,
): void {
  let number = first;
  while (number < end) {
    while (number < end && batch.count < BATCH) expand(machine, table, batch, number++);
    table.addAll(batch);
    count(machine, batch, findings, depth);
  }
}

/** A thread's view of the table, with which it has found nothing yet. */
export function visiting(machine: Visitable, memory: SharedMemory): Visiting {
  const table = new SharedTable(memory);
  return { machine, table, batch: batchFor(machine), findings: noFindings(machine) };
}

/** Does what an order says, and reports all that was found so far. */
export function obey(own: Visiting, order: Order): Reply {
  const { table, machine, findings } = own;
  table.look();
  let levelEnds: readonly number[] = [];
  if (order.does === "visit") levelEnds = visit(own, order);
  else table.move(order.first, order.end);
  return { findings, witnesses: machine.witnesses?.(), unused: table.unused(), levelEnds };
}
