/** What the judge knows after each reply: what was removed and not flushed, what waits where, who may translate. */
import type { Op } from "./commands/kinds.ts";
import type { Promises } from "./releases.ts";
import type { Scope } from "./scope.ts";
import type { Addr, Cpu, Pfn, Slot, TableId } from "./vocabulary.ts";

/** An entry that was cleared, or a table that was unlinked: TLBs may hold it until a flush covers it. */
export interface Removal {
  readonly addr: Addr;
  readonly end: Addr;
  /** The level of the entry, as a bit of CLEARED. */
  readonly level: number;
  readonly g: Slot;
  /** The table, if it is one. */
  readonly table?: TableId | undefined;
  /** It mapped a frame that no page structure describes. */
  readonly ofFrame?: true | undefined;
  /** The call in which its own gather flushed, and did not cover it: the first such call. */
  readonly missedIn?: Op | undefined;
  /** How the table was freed, though no flush had covered it. */
  readonly freed?: "at once" | "after an IPI" | "by a callback" | undefined;
}

/** A page that was gathered and is not freed. `removal` is the number of its removal. */
export interface Waiting {
  readonly removal: number;
  readonly g: Slot;
}

export interface WaitingTable extends Waiting {
  /** Whether it was handed to RCU. */
  readonly queued: boolean;
}

export interface OpenGather {
  readonly g: Slot;
  readonly start: Addr;
  readonly end: Addr;
  readonly fullmm: boolean;
  /** It flushed when it began, and nothing uses the mm: what it removes is covered. */
  readonly flushedFirst: boolean;
  /** Since its last flush: whether it removed anything, at which levels, and whether tables. */
  readonly removed: boolean;
  readonly levels: number;
  readonly tables: boolean;
  /** The batch pages that it has. */
  readonly batches: readonly number[];
  /** The vma that it is in; whether it came to free tables; whether it ended vmas of frames. */
  readonly vma: "none" | "pages" | "frames";
  readonly freesTables: boolean;
  /** The frames without pages whose entries it removed, and whose vma is still linked. */
  readonly frames: readonly Pfn[];
  /** Vmas that ended, and were announced to be freed. */
  readonly ended: boolean;
  readonly vmasFreed: boolean;
  /** It said that it is full: its caller flushes next. */
  readonly mustFlush: boolean;
  /** ppc64: in lazy mode; and under the PTE lock. */
  readonly lazy: boolean;
  readonly locked: boolean;
  /** Its owner slept, and continues on another CPU. */
  readonly migrated: boolean;
}

/** An entry that was removed and whose page has not come. */
export interface EntryAlone {
  readonly removal: number;
  readonly g: Slot;
  /** What it mapped, if that is known. */
  readonly pfn: Pfn | undefined;
}

/** A page freed before a flush covered it. */
export interface Early extends Removal {
  readonly pfn: Pfn;
  /** Freed at once, not from a batch. */
  readonly atOnce: boolean;
  /** Its caller removed no entry before. */
  readonly unannounced: boolean;
}

/** What one reply did, in the order of its events. */
export interface Reading {
  readonly early: readonly Early[];
  /** Tables freed before a flush covered them. */
  readonly earlyTables: readonly Removal[];
  /** What was freed and did not wait. */
  readonly twice: readonly number[];
  /** Own removals that a flush of the gather did not cover; and whether its levels or stride were wrong. */
  readonly missed: readonly Removal[];
  readonly wrongLevels: boolean;
  /** Flushes with nothing to flush. */
  readonly idle: number;
  /** Tables freed while a walker was in them. */
  readonly walked: readonly TableId[];
  /** What waits where nothing will free it. */
  readonly lost: readonly number[];
  /** Removals in the range of a gather that finished; entries of the hash batch that was left. */
  readonly stale: readonly Removal[];
  /** More entries than a gather may have. */
  readonly over: boolean;
  /** An allocation of a batch failed, and the pages were neither flushed nor reported full. */
  readonly stuck: boolean;
}

export interface World {
  readonly scope: Scope;
  readonly promises: Promises;
  readonly gathers: ReadonlyMap<Slot, OpenGather>;
  /** By number. */
  readonly uncovered: ReadonlyMap<number, Removal>;
  readonly waiting: ReadonlyMap<Pfn, Waiting>;
  readonly tables: ReadonlyMap<TableId, WaitingTable>;
  readonly entries: ReadonlyMap<Addr, EntryAlone>;
  readonly users: number;
  readonly pending: number;
  /** Present PTEs, and page tables in place. */
  readonly ptes: ReadonlyMap<Addr, Pfn>;
  readonly linked: ReadonlySet<TableId>;
  /** Tables unlinked after the flush with which their gather began. No flush came since. */
  readonly flushedFirst: ReadonlySet<TableId>;
  /** Frames that are free, or someone else's; any other is the mm's. */
  readonly freed: ReadonlyMap<Pfn, "free" | "someone else's">;
  /** Frames that only a driver has, once their vma is unlinked. */
  readonly drivers: ReadonlySet<Pfn>;
  /** Shared tables that were unshared. */
  readonly unshared: ReadonlySet<TableId>;
  /** Whether the next allocation of a batch page fails. */
  readonly failing: boolean;
  readonly loaded: readonly ("active" | "lazy" | "none")[];
  readonly walkers: ReadonlyMap<Cpu, TableId>;
  /** What the last reply did. */
  readonly reply: Reading;
}
