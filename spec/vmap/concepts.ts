/** The laws of what today's kernels juggle beside areas and blocks (docs/todays-kernels.md). A machine of its own judges by each. */
import type { Law } from "../contract.ts";
import { MEMORY_LAWS } from "../process.ts";
import type { Pfn, Vpn } from "./vocabulary.ts";

// Who calls, and what he may do meanwhile: the caller's context, the mask of his allocation, and the laws of both. A call
// allocates memory itself; each of these allocations may succeed, wait for reclaim, or fail.

/** A process that may sleep; one that holds a spinlock; one that disabled bottom halves; what interrupts a process. */
export const CONTEXTS = [
  "process",
  "spinlock held",
  "bottom halves off",
  "softirq",
  "hard irq",
  "NMI",
] as const;
export type Context = (typeof CONTEXTS)[number];

/** What in_interrupt() is true of: disabled bottom halves too. */
export const isInInterrupt = (context: Context): boolean => !["process", "spinlock held"].includes(context);

/** What an allocation of memory may do: wait at all, and in reclaim start I/O and enter the filesystem. */
export interface Mask {
  readonly name: string;
  readonly mayWait: boolean;
  readonly mayEnter: readonly Layer[];
  /** It has to wait for as long as it takes. */
  readonly mayNotFail: boolean;
}

export type Layer = "reclaim" | "block layer" | "filesystem";

const mask = (name: string, mayEnter: readonly Layer[], mayNotFail = false): Mask => ({
  name,
  mayWait: mayEnter.includes("reclaim"),
  mayEnter,
  mayNotFail,
});

export const MASKS: readonly Mask[] = [
  mask("GFP_NOWAIT", []),
  mask("GFP_NOIO", ["reclaim"]),
  mask("GFP_NOFS", ["reclaim", "block layer"]),
  mask("GFP_KERNEL", ["reclaim", "block layer", "filesystem"]),
  mask("GFP_KERNEL | __GFP_NOFAIL", ["reclaim", "block layer", "filesystem"], true),
];

/** A call, as far as these laws ask for it. */
export interface CallFrom {
  readonly context: Context;
  readonly mask: Mask;
}

/** What is seen of a call up to one of its steps; what is absent was not seen there. */
export interface Seen {
  /** It slept, or said that it might (might_sleep); and whether in a section in which nothing may. */
  readonly slept?: { readonly inSection: boolean };
  /** The layers that an allocation of it may enter. */
  readonly entered?: readonly Layer[];
  /** The assertion that stopped the kernel. */
  readonly stoppedBy?: string | undefined;
  /** It takes a lock that does not disable bottom halves: who took that so far, this call included. */
  readonly locks?: { readonly inSoftirq: boolean; readonly whereOneMayCome: boolean };
  /** What its caller asked to free is queued in memory of its own: whether that is mapped. */
  readonly queuedInMapped?: boolean;
  /** It returned: what it got, and whether a section that it began is still open. */
  readonly returned?: { readonly granted: boolean; readonly inSection: boolean };
  /** It tries again for ever what cannot succeed. */
  readonly isEndless?: boolean;
}

type ContextLaw = Law<unknown, CallFrom, Seen>;

export const sleepsOnlyWhereItMay: ContextLaw = {
  id: "sleeps-only-where-it-may",
  says: "A call sleeps only for a caller whose context and mask may wait, and in no section of its own that may not.",
  source: "might_sleep in alloc_vmap_area, and b6ea95a34cbd: no allocation that sleeps in lazy MMU mode",
  holds(_before, { context, mask }, { slept }) {
    return slept === undefined || (context === "process" && mask.mayWait && !slept.inSection);
  },
};

export const obeysMask: ContextLaw = {
  id: "obeys-mask",
  says: "What a call allocates itself enters no layer that its caller's mask forbids.",
  source: "451769ebb7e7 (page tables), 79357cd06d41 (CVE-2025-39910, KASAN's shadow)",
  holds(_before, { mask }, { entered = [] }) {
    return entered.every((layer) => mask.mayEnter.includes(layer));
  },
};

export const servesAllowedContexts: ContextLaw = {
  id: "serves-allowed-contexts",
  says: "No assertion stops a call in a context, and with a mask, from which its release allows it.",
  source: "04aa71da5f35 (CVE-2026-63955)",
  holds(_before, _command, { stoppedBy }) {
    return stoppedBy === undefined;
  },
};

export const nofailIsServed: ContextLaw = {
  id: "nofail-is-served",
  says: "A call with __GFP_NOFAIL is not refused, and does not try for ever what cannot succeed.",
  source: "9376130c390a (5.17)",
  holds(_before, { mask }, { returned, isEndless }) {
    return !mask.mayNotFail || (returned?.granted !== false && isEndless !== true);
  },
};

export const sectionsEnd: ContextLaw = {
  id: "sections-end",
  says: "A call that returns has left every section that it began: lazy MMU mode, and what a lock protects.",
  source: "fea18c686320: lazy MMU mode was left on where a page could not be mapped",
  holds(_before, _command, { returned }) {
    return returned?.inSection !== true;
  },
};

export const locksSurviveInterrupts: ContextLaw = {
  id: "locks-survive-interrupts",
  says: "A lock that a softirq takes is held by no process that a softirq may interrupt: it would wait for what it interrupted.",
  source: "Documentation/locking/lockdep-design.rst: softirq-safe and softirq-unsafe",
  holds(_before, _command, { locks }) {
    return !(locks?.inSoftirq && locks.whereOneMayCome);
  },
};

export const queuedInMappedMemory: ContextLaw = {
  id: "queued-in-mapped-memory",
  says: "A free that is deferred through the memory itself, as vfree_atomic does, finds that memory mapped.",
  source: "32fcfd40715e; 9c47753167a6: a half-made area is queued by its vm_struct instead",
  holds(_before, _command, { queuedInMapped }) {
    return queuedInMapped !== false;
  },
};

export const CONTEXT_LAWS: readonly ContextLaw[] = [
  sleepsOnlyWhereItMay,
  obeysMask,
  servesAllowedContexts,
  nofailIsServed,
  sectionsEnd,
  locksSurviveInterrupts,
  queuedInMappedMemory,
];

// Page tables of several levels: huge entries, the tables they replace, and walkers that cached them.

export type LevelCommand =
  | { readonly op: "touch" | "vmallocToPage"; readonly page: Vpn }
  | { readonly op: "map" | "unmap" };

/** What is seen of it; what is absent was not seen there. */
export interface LevelSeen {
  /** The frame that its owner has at the page, and the frame reached; null where a walk ends in nothing. */
  readonly reached?: { readonly owners: Pfn; readonly frame: Pfn | null };
  /** Tables that were freed and that some CPU's walker still holds. */
  readonly heldAndFreed?: readonly number[];
  /** Tables in use to which no entry leads. */
  readonly lost?: readonly number[];
}

type LevelLaw = Law<unknown, LevelCommand, LevelSeen>;

export const pagesReachTheirFrames: LevelLaw = {
  id: "pages-reach-their-frames",
  says: "Every page of a live mapping reaches the frame that its owner has there: by a touch, and by vmalloc_to_page.",
  source: "61ebe5a747da (CVE-2024-45022), c0eb315ad971",
  holds(_before, _command, { reached }) {
    return reached === undefined || reached.frame === reached.owners;
  },
};

export const noWalkerHoldsFreedTable: LevelLaw = {
  id: "no-walker-holds-freed-table",
  says: "A page table is freed only when no CPU's walker holds it any more: its entry is cleared, and that flushed, before.",
  source: "5e0fb5df2ee8 (x86), ec28bb9c9b08 (arm64)",
  holds(_before, _command, { heldAndFreed = [] }) {
    return heldAndFreed.length === 0;
  },
};

export const tablesAreReached: LevelLaw = {
  id: "tables-are-reached",
  says: "An entry leads to every page table in use: a huge entry that replaces a table frees it.",
  source: "b6bdb7517c3d: a huge entry was written over a table whose entries were all cleared",
  holds(_before, _command, { lost = [] }) {
    return lost.length === 0;
  },
};

export const LEVEL_LAWS: readonly LevelLaw[] = [
  pagesReachTheirFrames,
  noWalkerHoldsFreedTable,
  tablesAreReached,
];

// Tables keyed by address beside the page table, filled and emptied outside the allocator's lock: KASAN's shadow, an
// entry of which several areas share, and debug objects, which their owners register. Laws of what such a table has.

/** A touch of a page, a registration there, what empties an entry, an area that is handed out, or a purge. */
export type TableCommand =
  | { readonly op: "touch" | "handOut"; readonly page: Vpn }
  | { readonly op: "empty"; readonly entry: number }
  | { readonly op: "purge" };

/** What is seen of it; what is absent was not seen there. */
export interface TableSeen {
  /** At a touch: whether the table has an entry for the page, and whether that says what the page's owner wrote. */
  readonly entry?: { readonly isThere: boolean; readonly isOwners: boolean };
  /** Pages of live areas that lose what their owners wrote, as an entry is emptied or overwritten. */
  readonly dropped?: readonly Vpn[];
  /** A page that is handed out: whether what its last owner wrote is still there. */
  readonly leftover?: boolean;
  /** Flushes in a purge for entries that were emptied, beside the one of the areas. */
  readonly flushes?: number;
}

type TableLaw = Law<unknown, TableCommand, TableSeen>;

export const touchFindsEntry: TableLaw = {
  id: "touch-finds-entry",
  says: "Where a page of a live area is touched, the side table has an entry, and it says what the owner wrote.",
  source: 'd98c9e83b5e7 ("kasan: fix crashes on access to memory mapped by vm_map_ram()", 2019-12-05)',
  holds(_before, _command, { entry }) {
    return entry === undefined || (entry.isThere && entry.isOwners);
  },
};

export const entryIsItsOwners: TableLaw = {
  id: "entry-is-its-owners",
  says: "What empties or overwrites an entry of a side table takes nothing that the owner of another live area wrote.",
  source:
    'f3c01d2f3ade (debug objects); "mm/kasan: fix vmalloc shadow memory (de-)population races", 2025-08-18',
  holds(_before, _command, { dropped = [] }) {
    return dropped.length === 0;
  },
};

export const entryEndsWithArea: TableLaw = {
  id: "entry-ends-with-area",
  says: "Where an address is handed out again, nothing is left of what its last owner wrote into a side table.",
  source: "debug_check_no_obj_freed in __vunmap; kasan_poison_vmalloc",
  holds(_before, _command, { leftover }) {
    return leftover !== true;
  },
};

export const tableFlushedOnce: TableLaw = {
  id: "table-flushed-once",
  says: "For all entries of a side table that a purge empties it flushes once more, however many areas it takes.",
  source: "9e9e085effe9 (Adrian Huang, 2024-07-26): a flush for each area stalled a CPU for seconds",
  holds(_before, _command, { flushes = 0 }) {
    return flushes <= 1;
  },
};

export const TABLE_LAWS: readonly TableLaw[] = [
  touchFindsEntry,
  entryIsItsOwners,
  entryEndsWithArea,
  tableFlushedOnce,
];

interface Stated {
  readonly id: string;
  readonly says: string;
  readonly source: string;
}

export const CONCEPT_LAWS: readonly Stated[] = [
  ...CONTEXT_LAWS,
  ...TABLE_LAWS,
  ...LEVEL_LAWS,
  ...MEMORY_LAWS,
];
