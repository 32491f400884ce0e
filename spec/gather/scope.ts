/** The machine that a history runs on: CPUs, architecture, how much a gather holds, and what callers do there. */
import type { Addr, Arch, Pfn, TableId } from "./vocabulary.ts";

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

/** A kind of call that callers make in a scope. The owner of a gather always begins and finishes it. */
export type Call = (typeof CALLS)[number];
export const CALLS = [
  // zap, page by page or several at once; entry and page apart.
  ...(["zap", "entries"] as const),
  // Huge pages; runs of pages of one folio; dirty pages.
  ...(["huge", "folios", "dirty"] as const),
  // `flushes`: flush, its TLB part, and the flag that all is to be flushed.
  ...(["tables", "flushes", "fail", "rcu", "users", "fullmm", "pending"] as const),
  // Vmas, and those of frames without pages, which are unlinked and whose driver frees.
  ...(["vmas", "frames", "unshare"] as const),
  // ppc64's lazy mode and PTE lock.
  "hash",
  // Observers.
  ...(["touch", "lazy", "walk", "insert", "reuse", "migrate", "collapse"] as const),
] as const;

export interface Scope {
  readonly name: string;
  readonly arch: Arch;
  readonly cpus: number;
  /** How an architecture frees a page table: through a table batch, or as a page. */
  readonly tables: "rcu" | "page";
  readonly limits: Limits;
  /** Pages of the mm, each mapped at first by the frame of its place; further frames are free. */
  readonly pages: readonly Addr[];
  readonly frames: readonly Pfn[];
  readonly tableIds: readonly TableId[];
  /** Gathers that may be open at once. */
  readonly slots: number;
  readonly calls: readonly Call[];
  /** Callers also remove pages whose entry they did not remove. */
  readonly outside?: true | undefined;
}

/** Bytes that one page table of PTEs maps. */
export const PTES_OF_TABLE = 2 ** 21;

/** The limits of real kernels, and those that recordings with `caps: small` were made with. */
export const STD: Limits = { array: 506, bundle: 8, batch: 510, batches: 19, tables: 509, hash: 192 };
export const SMALL: Limits = { array: 12, bundle: 8, batch: 6, batches: 3, tables: 4, hash: 8 };
/** Lists of two: every edge is a few commands away. */
export const TINY: Limits = { array: 2, bundle: 2, batch: 2, batches: 1, tables: 2, hash: 2 };

/** Pages side by side from the first, in table 0; `apart` puts each in a table of its own. */
export function pagesOf(count: number, apart = false): Addr[] {
  return Array.from({ length: count }, (_none, nth) => nth * (apart ? PTES_OF_TABLE : 4096));
}

/** The table that has the PTE of an address: table n has those of the nth range of a table's size. */
export const tableOf = (addr: Addr): TableId => Math.floor(addr / PTES_OF_TABLE);

/** Tables in place at first: those that callers may free, and those of the pages. */
export const tablesOf = ({ pages, tableIds }: Scope): Set<TableId> =>
  new Set([...tableIds, ...pages.map(tableOf)]);

export const numbers = (count: number, from = 0): number[] =>
  Array.from({ length: count }, (_none, nth) => from + nth);
