/**
 * A thread that visits states for `parallel.ts`. It builds its own machine and shares the table; it does as it is
 * told by one message at a time, and answers each by one.
 */
import { parentPort, workerData } from "node:worker_threads";
import type { Batch } from "./batch.ts";
import type { Visitable } from "./explore.ts";
import { BATCH, batchFor, count, expand, type Findings, noFindings, signature } from "./search.ts";
import { OWN_COUNTERS, type SharedMemory, SharedTable } from "./shared-table.ts";

/** Counters that all threads share: the state to visit next, and whether to stop after those taken. */
export const HEAD: number = OWN_COUNTERS;
export const STOP: number = OWN_COUNTERS + 1;

/** Where a thread finds what builds the machine: an exported function of a module, and what to call it with. */
export interface MachineSource {
  readonly module: string;
  readonly name: string;
  /** Anything that can be posted to a thread. */
  readonly given: unknown;
}

export interface WorkerData {
  readonly source: MachineSource;
  readonly memory: SharedMemory;
}

export type Order =
  | {
      readonly does: "visit";
      /** The level that is visited, and the number at which the next begins. */
      readonly depth: number;
      readonly levelEnd: number;
      /** States taken at a time. */
      readonly chunk: number;
      /** Stops once so many numbers are given out. */
      readonly most: number;
      /** A thread that visits alone goes on to the next level while that has less states than this; else 0. */
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

interface Visiting {
  readonly machine: Visitable;
  readonly table: SharedTable;
  readonly batch: Batch;
  readonly findings: Findings;
}

type Visit = Extract<Order, { does: "visit" }>;

/** Visits states until the level has none left, or all are to stop. Returns the ends of levels begun alone. */
function visit({ machine, table, batch, findings }: Visiting, order: Visit): number[] {
  const { control } = table;
  const { chunk, most, narrow } = order;
  const levelEnds: number[] = [];
  const known = findings.broken.length;
  let { levelEnd, depth } = order;
  for (;;) {
    if (Atomics.load(control, STOP) !== 0) break;
    if (table.count >= most) {
      Atomics.store(control, STOP, 1);
      break;
    }
    const first = Atomics.add(control, HEAD, chunk);
    if (first < levelEnd) {
      const end = Math.min(first + chunk, levelEnd);
      let number = first;
      while (number < end) {
        while (number < end && batch.count < BATCH) expand(machine, table, batch, number++);
        table.addAll(batch);
        count(machine, batch, findings, depth);
      }
      continue;
    }
    // Alone, it knows where the next level ends: nobody else adds to it.
    const { next } = table;
    if (next === levelEnd || next - levelEnd >= narrow || findings.broken.length > known) break;
    Atomics.store(control, HEAD, levelEnd);
    levelEnd = next;
    levelEnds.push(next);
    depth += 1;
  }
  return levelEnds;
}

function obey(visiting: Visiting, order: Order): Reply {
  const { table, machine, findings } = visiting;
  table.look();
  let levelEnds: readonly number[] = [];
  if (order.does === "visit") levelEnds = visit(visiting, order);
  else table.move(order.first, order.end);
  return { findings, witnesses: machine.witnesses?.(), unused: table.unused(), levelEnds };
}

if (parentPort !== null) {
  const port = parentPort;
  const { source, memory } = workerData as WorkerData;
  const module = (await import(source.module)) as Record<string, (given: unknown) => Visitable>;
  const machine = (module[source.name] as (given: unknown) => Visitable)(source.given);
  const visiting = {
    machine,
    table: new SharedTable(memory),
    batch: batchFor(machine),
    findings: noFindings(machine),
  };
  port.on("message", (order: Order) => port.postMessage(obey(visiting, order)));
  port.postMessage(signature(machine));
}
