/** What each step takes on a machine: nanoseconds by name, each with its source (costs/opteron-2008.json). */
import type { Hardware, Nanoseconds } from "./simulation.ts";

/** The costs of software, in addition to those of the hardware. */
export interface Software {
  /** The code of one call, map or unmap, that no other cost counts. */
  readonly call: Nanoseconds;
  /** One node of a tree, one entry of a list, one place of a bitmap that a search looks at. */
  readonly treeStep: Nanoseconds;
  readonly listStep: Nanoseconds;
  readonly bitmapStep: Nanoseconds;
  readonly pteSet: Nanoseconds;
  readonly pteClear: Nanoseconds;
  readonly tlbMiss: Nanoseconds;
  readonly tlbHit: Nanoseconds;
  /** kmalloc or kfree of a descriptor. */
  readonly descriptor: Nanoseconds;
  /** A hypervisor finds and removes one alias. */
  readonly hostTrap: Nanoseconds;
}

export type Cost = Exclude<keyof Hardware, "cpusPerSocket"> | keyof Software;

export interface Costs {
  /** The machine, in words. */
  readonly machine: string;
  readonly cpusPerSocket: number;
  readonly nanoseconds: Readonly<Record<Cost, Nanoseconds>>;
  /** What each cost is derived from. */
  readonly sources: Readonly<Partial<Record<Cost, string>>>;
  /** The figures that costs were fitted to, in words. */
  readonly calibratedOn: readonly string[];
}

export const COSTS: readonly Cost[] = [
  "atomic",
  "lineSameSocket",
  "lineOtherSocket",
  "spinner",
  "ipiSend",
  "ipiEntry",
  "wakeIdle",
  "flush",
  "refill",
  "call",
  "treeStep",
  "listStep",
  "bitmapStep",
  "pteSet",
  "pteClear",
  "tlbMiss",
  "tlbHit",
  "descriptor",
  "hostTrap",
];

/** The same machine with some costs replaced. */
export function withCosts(costs: Costs, replaced: Partial<Record<Cost, Nanoseconds>>): Costs {
  return { ...costs, nanoseconds: { ...costs.nanoseconds, ...replaced } };
}

export function hardwareOf({ cpusPerSocket, nanoseconds }: Costs): Hardware {
  return { cpusPerSocket, ...nanoseconds };
}
