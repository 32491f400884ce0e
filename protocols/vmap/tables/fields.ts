/**
 * The state of a side table: places for an area of one page, and entries, each of several places (KASAN's shadow) or of
 * one (debug objects). An entry is a page of its own, from a small stock; freed pages return to that.
 */
import {
  bitsOf,
  type Field,
  FLAG,
  type Layout,
  named,
  noneOr,
  plain,
  upTo,
} from "../../../engine/search/layout.ts";
import { MOST_PHASES } from "../../program.ts";

export interface TablesScope {
  readonly cpus: number;
  readonly places: number;
  /** Places that share an entry. */
  readonly sharing: number;
}

/** A place: free, taken by a call that has not returned, held, lazy, gathered by a purge. */
export const [FREE, TAKEN, LIVE, LAZY, PURGING] = [0, 1, 2, 3, 4] as const;

export type Tables = ReturnType<typeof fieldsOf>;
export type PlaceFields = Tables["places"][number];
export type EntryFields = Tables["entries"][number];
export type CpuFields = Tables["cpus"][number];

export function fieldsOf(layout: Layout, scope: TablesScope) {
  const { cpus, places, sharing } = scope;
  const count = Math.ceil(places / sharing);
  // One page for each entry, and one that each CPU has allocated beside.
  const pages = count + cpus;
  const entries = upTo(count).map((index) => ({
    index,
    /** The page that it is. */
    page: layout.field(`entry ${index}`, noneOr(pages, "page")),
    first: index * sharing,
    end: Math.min(places, (index + 1) * sharing),
  }));
  return {
    scope,
    /** Pages in use for entries. */
    used: layout.field("pages in use", bitsOf(pages)),
    pages,
    purgeLock: layout.field("purge lock", noneOr(cpus, "CPU")),
    entries,
    places: upTo(places).map((index) => ({
      index,
      life: layout.field(`life of place ${index}`, named("free", "taken", "live", "lazy", "purging")),
      /** What its owner wrote into the entry: the memory may be accessed, or an object is registered. */
      wrote: layout.field(`wrote of place ${index}`, FLAG),
      /** Whether the entry still says so: it is lost with the entry. */
      says: layout.field(`says of place ${index}`, FLAG),
      entry: entries[Math.floor(index / sharing)] as (typeof entries)[number],
    })),
    cpus: upTo(cpus).map((index) => ({
      index,
      phase: layout.field(`phase of CPU ${index}`, plain(MOST_PHASES)),
      /** The entry that its purge looks at next. */
      at: layout.field(`at of CPU ${index}`, plain(count + 1)),
      /** The page that it read in the entry, outside the lock, or allocated for it. */
      page: layout.field(`page of CPU ${index}`, noneOr(pages, "page")),
      /** Flushes of its purge for what was emptied. */
      flushes: layout.field(`flushes of CPU ${index}`, plain(count + 2)),
    })),
  };
}

export const placesOf = ({ places }: Tables, { first, end }: EntryFields): readonly PlaceFields[] =>
  places.slice(first, end);

export const livesOf = ({ places }: Tables): readonly Field[] => places.map(({ life }) => life);
