/** What a dump shows of the open gathers. A field that the release does not have is absent. */
import type { Addr, Slot } from "./vocabulary.ts";

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

export interface DumpedGather {
  readonly g: Slot;
  readonly fullmm: number;
  readonly needFlush?: number | undefined;
  readonly fast?: number | undefined;
  readonly start?: Addr | undefined;
  readonly end?: Addr | undefined;
  readonly all?: number | undefined;
  readonly freedTables?: number | undefined;
  readonly cleared?: number | undefined;
  readonly exec?: number | undefined;
  readonly huge?: number | undefined;
  readonly delayedRmap?: number | undefined;
  readonly unshared?: number | undefined;
  readonly fullyUnshared?: number | undefined;
  readonly pageSize?: number | undefined;
  readonly batchCount?: number | undefined;
  readonly batches?: readonly DumpedBatch[] | undefined;
  readonly tables?: DumpedList | null | undefined;
  /** Up to 2.6.39. */
  readonly nr?: number | undefined;
  readonly max?: number | undefined;
  /** s390 up to 2.6.39: the array fills from both ends. */
  readonly nrPtes?: number | undefined;
  readonly nrPxds?: number | undefined;
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
