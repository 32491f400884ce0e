/** What was freed or unmapped in the reference world and may still be translated. */
import type { Extent, Pfn } from "../../spec/vmap/vocabulary.ts";

/**
 * Whether the PTEs of something freed are still present: perhaps, if a reply cleared some, not all, and flushed these
 * pages; what it cleared is clean then.
 */
export type Ptes = "there" | "perhaps" | "gone";

/**
 * Pages that no caller holds any more and that some CPU may still translate: their PTEs are present, so that a TLB may
 * be filled from them at any time, or were cleared without a flush since.
 */
export interface StaleMapping extends Extent {
  /** Of the first page; the others follow. */
  readonly frame: Pfn;
  readonly ptes: Ptes;
}

/** The pages of it. */
export function partOf({ start: first, frame, ptes }: StaleMapping, { start, end }: Extent): StaleMapping {
  return { start, end, frame: frame + (start - first), ptes };
}

export function withPtes(dead: StaleMapping, ptes: Ptes): StaleMapping {
  return ptes === dead.ptes ? dead : { ...dead, ptes };
}
