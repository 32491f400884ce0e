/** The order of steps of each release's calls. A machine is a few lists of steps; a bug replaces one of them. */
import { type Facts, factsOf } from "../../../kernels/changes.ts";
import type { Step } from "../../program.ts";
import { collectsBeforeLock, collectsFirst, collectsUnderLock } from "./aliases.ts";
import type { Blocks, CpuFields } from "./fields.ts";
import { mapBornTaken, mapSearchingAgain } from "./map.ts";
import { gatherAll, gatherByNode } from "./purge.ts";
import { unmapPublishingUnderLock, unmapThenPublish } from "./unmap.ts";

type Steps = (m: Blocks, cpu: CpuFields) => readonly Step[];

export interface BlocksOrder {
  readonly map: Steps;
  readonly unmap: Steps;
  /** vm_unmap_aliases before it gathers. */
  readonly aliases: Steps;
  readonly gather: Steps;
  /** An unmap leaves its PTE (up to 2.6.37). */
  readonly lazyPtes: boolean;
}

/**
 * From 6.5 on vm_unmap_aliases collects under the purge lock; before that it collects first and then takes the lock.
 */
function orderFrom(facts: Facts): BlocksOrder {
  const { bornTaken, collectsOnce, looksAt, passesFull, purgesFragments, lazyPtes } = facts;
  return {
    map: bornTaken ? mapBornTaken : mapSearchingAgain,
    unmap: unmapThenPublish,
    aliases: collectsOnce
      ? collectsUnderLock(passesFull)
      : collectsFirst({ looksAt, passesFull, purgesFragments }),
    gather: facts.lazyAreas === "on nodes" ? gatherByNode : gatherAll,
    lazyPtes,
  };
}

const orderOf = (label: string): BlocksOrder => orderFrom(factsOf(label));

/** Only C7 and C13 repaired: every block is looked at, full ones as well, and published under its lock. */
const repaired = (label: string): BlocksOrder => ({
  ...orderFrom({ ...factsOf(label), looksAt: "all", passesFull: false }),
  unmap: unmapPublishingUnderLock,
});

/** By release. */
export const BLOCK_ORDERS: Readonly<Record<string, BlocksOrder>> = {
  "2.6.28": orderOf("2.6.28"),
  "2.6.28-repaired": repaired("2.6.28"),
  "2.6.33": orderOf("2.6.33"),
  "2.6.33-repaired": repaired("2.6.33"),
  "3.16": orderOf("3.16"),
  "3.16-repaired": repaired("3.16"),
  "4.4": orderOf("4.4"),
  /** Only C7 repaired: C13 was present all the time. */
  "4.4-walking-all": orderFrom({ ...factsOf("4.4"), looksAt: "all" }),
  "4.4-repaired": repaired("4.4"),
  "5.13": orderOf("5.13"),
  "5.13-repaired": repaired("5.13"),
  "6.5": orderOf("6.5"),
  "6.5-repaired": repaired("6.5"),
  /** Lazy areas are gathered at once, as up to 6.8: all blocks are on one node. */
  "6.10": orderOf("6.5"),
  "6.12": orderOf("6.12"),
  "6.12-repaired": repaired("6.12"),
  /** Half of the repair: a walk still skips full blocks. */
  "6.12-publishing-alone": { ...orderOf("6.12"), unmap: unmapPublishingUnderLock },
  /** The other half: full blocks are collected, but leave the index before their area is lazy. */
  "6.12-collecting-full": orderFrom({ ...factsOf("6.12"), passesFull: false }),
  /** C9's mutant. */
  "6.12-collecting-before-lock": {
    ...orderOf("6.12"),
    aliases: collectsBeforeLock,
    unmap: unmapPublishingUnderLock,
  },
};
