/** The order of steps of each release's calls. A bug is an order with one of them replaced. */
import { factsOf } from "../../../../kernels/changes.ts";
import type { Step } from "../../../program.ts";
import { aliasesThroughIndex } from "./aliases.ts";
import type { CpuFields, Locks } from "./fields.ts";
import { mapFromQueue } from "./map.ts";
import { unmapFromBlock } from "./unmap.ts";

type Steps = (m: Locks, cpu: CpuFields) => readonly Step[];

export interface LocksOrder {
  readonly map: Steps;
  readonly unmap: Steps;
  readonly aliases: Steps;
}

/** From fc1e0d980037 on vm_unmap_aliases goes through the index, which 062eacf57ad9 (6.4) put in parts by address. */
function orderOf(label: string): LocksOrder {
  const { cpuWritten } = factsOf(label);
  return {
    map: mapFromQueue(cpuWritten),
    unmap: unmapFromBlock,
    aliases: aliasesThroughIndex(cpuWritten === "never" ? "of the index" : "of vb->cpu"),
  };
}

export const LOCKS_ORDERS: Readonly<Record<string, LocksOrder>> = {
  "6.5": orderOf("6.5"),
  "6.10": orderOf("6.10"),
  "6.11": orderOf("6.11"),
};
