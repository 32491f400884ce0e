/** The machine that a history runs on: CPUs, architecture, and how much a gather holds. */
import type { Addr, Arch, Pfn } from "./vocabulary.ts";

/** How many entries each list holds before it is full. */
export interface Limits {
  /** The array of a gather up to 2.6.39. */
  readonly array: number;
  /** The bundle on the stack, and a batch, from 3.0 on; how many batches one gather may have. */
  readonly bundle: number;
  readonly batch: number;
  readonly batches: number;
  /** A batch of page tables; also the list of them on ppc64 up to 2.6.39. */
  readonly tables: number;
  /** The hash batch of ppc64. */
  readonly hash: number;
}

export interface Scope {
  readonly name: string;
  readonly arch: Arch;
  readonly cpus: number;
  /** How an architecture frees a page table: through a table batch, or as a page. */
  readonly tables: "rcu" | "page";
  readonly limits: Limits;
  /** What callers name: pages of the mm, frames, page tables, gathers at once. */
  readonly pages: readonly Addr[];
  readonly frames: readonly Pfn[];
  readonly tableIds: readonly number[];
  readonly slots: number;
}

/** The limits of real kernels, and those that recordings with `caps: small` were made with. */
export const STD: Limits = { array: 506, bundle: 8, batch: 510, batches: 19, tables: 509, hash: 192 };
export const SMALL: Limits = { array: 12, bundle: 8, batch: 6, batches: 3, tables: 4, hash: 8 };

/** Bytes that one page table of PTEs maps. */
export const PTES_OF_TABLE = 2 ** 21;
