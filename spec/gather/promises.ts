/** What a release promises, and what the judge must know to read its replies. */
import type { LawId } from "../contract.ts";

export interface Promises {
  readonly labels: readonly string[];
  readonly laws: readonly LawId[];
  /** Whether an entry above a PTE is flushed as a whole; before, the flush of its first page counts. */
  readonly sizes: boolean;
  /** Whether flushes say which levels were cleared, and whether tables were freed. */
  readonly levels: boolean;
  /** Whether it invalidates walk caches before it frees tables, on architectures that need that. */
  readonly invalidates: boolean;
  /** Whether the number of batches is bounded. */
  readonly limitsBatches: boolean;
  /** Whether the owner of a gather may sleep, and so other commands may come between its own. */
  readonly preemptible: boolean;
  /** Whether pages wait in the array of a CPU. */
  readonly perCpu: boolean;
  /** What it has. */
  readonly has: Readonly<Record<Feature, boolean>>;
}

/** Calls that came with a release. */
export type Feature =
  | "ranges"
  | "tlbOnly"
  | "pageSizes"
  | "folios"
  | "freeVmas"
  | "unshare"
  | "hash"
  | "space"
  | "pages";
