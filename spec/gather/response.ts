/** What an observer sees of one call: its events in order, and what it returned. */
import type { Addr, Pfn, Range, Slot, TableId } from "./vocabulary.ts";

/** A TLB flush, with the gather's fields at that moment. It covers the mm, whichever gather asked for it. */
export interface Flush {
  readonly kind: "flush";
  /** The whole mm, a range, or a minimal architecture that is handed the gather. */
  readonly what: "mm" | "range" | "tlb_flush";
  readonly g: Slot;
  readonly fullmm: number;
  readonly start?: Addr | undefined;
  readonly end?: Addr | undefined;
  readonly all?: number | undefined;
  readonly stride?: number | undefined;
  readonly freedTables?: number | undefined;
  readonly cleared?: number | undefined;
  readonly exec?: number | undefined;
  readonly huge?: number | undefined;
  readonly unshared?: number | undefined;
}

/** A run of frames: the first, and how many. */
export type Run = readonly [first: Pfn, count: number];

export type Event =
  | Flush
  | ({ readonly kind: "notify" | "cache" } & Range)
  /** One call that frees what was gathered, in order. */
  | { readonly kind: "pages"; readonly runs: readonly Run[]; readonly slots: number }
  | { readonly kind: "page"; readonly pfn: Pfn }
  | { readonly kind: "tableFree"; readonly id: TableId }
  /** Sent to all CPUs, and waited for. */
  | { readonly kind: "ipi" }
  | { readonly kind: "alloc"; readonly what: "pages" | "table"; readonly id: number }
  | { readonly kind: "allocFail"; readonly what: "pages" | "table" }
  | { readonly kind: "free"; readonly id: number }
  /** A table batch, or a single table, queued for after a grace period. */
  | { readonly kind: "callRcu"; readonly id: number }
  | { readonly kind: "callRcuTable"; readonly id: TableId }
  | { readonly kind: "rmap"; readonly pfn: Pfn; readonly count: number }
  | { readonly kind: "warn" | "bug" }
  /** ppc64: entries of the hash table are invalidated. */
  | {
      readonly kind: "hashPage";
      readonly addr: Addr;
      readonly psize: number;
      readonly ssize: number;
      readonly local: number;
    }
  | {
      readonly kind: "hashRange";
      readonly runs: readonly Run[];
      readonly n: number;
      readonly psize: number;
      readonly ssize: number;
      readonly local: number;
    };

/** What a touch reached: a frame, or nothing; and whether through a page table that was freed. */
export interface Reached {
  readonly frame: Pfn | undefined;
  readonly by: "tlb" | "walk" | "walk of a freed table" | "fault";
}

export interface Response {
  readonly events: readonly Event[];
  /** What __tlb_remove_page returned, and whether the caller must flush now. */
  readonly ret?: number | undefined;
  readonly full?: boolean | undefined;
  readonly forceFlushes?: number | undefined;
  readonly ran?: number | undefined;
  readonly reached?: Reached | undefined;
  /** Why nothing was done. */
  readonly refused?: "no gather" | "busy" | "unsupported" | undefined;
}

export interface DumpedBatch {
  /** 0: the bundle on the stack. */
  readonly id: number;
  readonly nr: number;
  readonly max: number;
  readonly active?: 1 | undefined;
}

export interface DumpedList {
  readonly id: number;
  readonly nr: number;
}

/** Numbers that a release has in its gathers; `nrPtes` and `nrPxds` are of s390 up to 2.6.39, where an array fills from both ends. */
type DumpedNumber =
  | ("needFlush" | "fast" | "start" | "end" | "all" | "freedTables" | "cleared" | "exec" | "huge")
  | ("delayedRmap" | "unshared" | "fullyUnshared" | "pageSize" | "batchCount")
  | ("nr" | "max" | "nrPtes" | "nrPxds");

export interface DumpedGather extends Readonly<Partial<Record<DumpedNumber, number | undefined>>> {
  readonly g: Slot;
  readonly fullmm: number;
  readonly batches?: readonly DumpedBatch[] | undefined;
  readonly tables?: DumpedList | null | undefined;
  /** ppc64. */
  readonly hash?: { readonly active: number; readonly index: number } | undefined;
  readonly freelist?: DumpedList | null | undefined;
}

export interface Dump {
  readonly gathers: readonly DumpedGather[];
  /** Batch pages not freed yet, and callbacks that wait for a grace period. */
  readonly allocPages: number;
  readonly rcuQueued: number;
  readonly users: number;
  readonly pending?: number | undefined;
}
