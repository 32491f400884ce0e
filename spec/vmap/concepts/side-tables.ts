/**
 * Tables keyed by address beside the page table, filled and emptied outside the allocator's lock: KASAN's shadow, an
 * entry of which several areas share, and debug objects, which their owners register. Laws of what such a table has.
 */
import type { Law } from "../../contract.ts";
import type { Vpn } from "../vocabulary.ts";

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

export type TableLaw = Law<unknown, TableCommand, TableSeen>;

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
