/**
 * A thread that visits states for `parallel.ts`. It builds its own machine and shares the table; it answers one message
 * at a time, each by one message.
 */
import { parentPort, workerData } from "node:worker_threads";
import { type Order, obey, visiting } from "./parallel-visit.ts";
import { signature } from "./search.ts";
import type { SharedMemory } from "./shared-table.ts";
import type { Visitable } from "./visitable.ts";

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

const { source, memory } = workerData as WorkerData;
type Build = (given: unknown) => Visitable | Promise<Visitable>;
const module = (await import(source.module)) as Record<string, Build>;
const machine = await (module[source.name] as Build)(source.given);
const own = visiting(machine, memory);
parentPort?.on("message", (order: Order) => parentPort?.postMessage(obey(own, order)));
parentPort?.postMessage(signature(machine));
