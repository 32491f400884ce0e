/** In which order each release does what a call does. A machine is a few lists of steps; a bug replaces one. */
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
  /** vm_unmap_aliases, until it gathers. */
  readonly aliases: Steps;
  readonly gather: Steps;
  /** An unmap leaves its PTE (to 2.6.37). */
  readonly lazyPtes: boolean;
}

const listed = { looksAt: "listed", passesFull: false, purgesFragments: true } as const;

const linux2_6_28: BlocksOrder = {
  map: mapSearchingAgain,
  unmap: unmapThenPublish,
  aliases: collectsFirst({ ...listed, purgesFragments: false }),
  gather: gatherAll,
  lazyPtes: true,
};
const linux2_6_33: BlocksOrder = { ...linux2_6_28, aliases: collectsFirst(listed) };
const linux3_16: BlocksOrder = { ...linux2_6_33, lazyPtes: false };
const linux4_4: BlocksOrder = { ...linux3_16, map: mapBornTaken };
const linux5_13: BlocksOrder = { ...linux4_4, aliases: collectsFirst({ ...listed, passesFull: true }) };
const linux6_5: BlocksOrder = { ...linux5_13, aliases: collectsUnderLock(true) };
const linux6_12: BlocksOrder = { ...linux6_5, gather: gatherByNode };

/** vm_unmap_aliases looks at all blocks (C7 repaired), as far as the release looks first and locks later. */
const walksAll = { ...listed, looksAt: "all" } as const;

/** By release; "-repaired" is its order with C7 and C13 mended, and nothing else. */
export const BLOCK_ORDERS: Readonly<Record<string, BlocksOrder>> = {
  "2.6.28": linux2_6_28,
  "2.6.28-repaired": {
    ...linux2_6_28,
    aliases: collectsFirst({ ...walksAll, purgesFragments: false }),
    unmap: unmapPublishingUnderLock,
  },
  "2.6.33": linux2_6_33,
  "2.6.33-repaired": {
    ...linux2_6_33,
    aliases: collectsFirst(walksAll),
    unmap: unmapPublishingUnderLock,
  },
  "3.16": linux3_16,
  "3.16-repaired": {
    ...linux3_16,
    aliases: collectsFirst(walksAll),
    unmap: unmapPublishingUnderLock,
  },
  "4.4": linux4_4,
  /** C7 mended alone: C13 was there all the time. */
  "4.4-walking-all": { ...linux4_4, aliases: collectsFirst(walksAll) },
  "4.4-repaired": {
    ...linux4_4,
    aliases: collectsFirst(walksAll),
    unmap: unmapPublishingUnderLock,
  },
  "5.13": linux5_13,
  "5.13-repaired": {
    ...linux5_13,
    aliases: collectsFirst(walksAll),
    unmap: unmapPublishingUnderLock,
  },
  "6.5": linux6_5,
  "6.5-repaired": { ...linux6_5, aliases: collectsUnderLock(false), unmap: unmapPublishingUnderLock },
  "6.10": linux6_5,
  "6.12": linux6_12,
  "6.12-repaired": {
    ...linux6_12,
    aliases: collectsUnderLock(false),
    unmap: unmapPublishingUnderLock,
  },
  /** Half of that: a walk passes full blocks still. */
  "6.12-publishing-alone": { ...linux6_12, unmap: unmapPublishingUnderLock },
  /** The other half: full blocks are collected, and out of the index before their area is lazy. */
  "6.12-collecting-full": { ...linux6_12, aliases: collectsUnderLock(false) },
  /** C9's mutant. */
  "6.12-collecting-before-lock": {
    ...linux6_12,
    aliases: collectsBeforeLock,
    unmap: unmapPublishingUnderLock,
  },
};
