/** The areas that a log has shown and that were not released, by address. */
import type { EventOf, Stamp } from "../../../spec/vmap/log.ts";
import type { Bytes, Extent, Pages, Vpn } from "../../../spec/vmap/vocabulary.ts";
import type { Window } from "./window.ts";

export interface Request {
  readonly size: Pages;
  readonly align: Bytes;
  readonly vstart: Vpn;
  readonly vend: Vpn;
}

/**
 * How it came to be known: its allocation is in the log; it was in the snapshot before the log; or only its free is
 * there.
 */
export type Origin = "log" | "percpu" | "snapshot" | "unseen";

export interface Area extends Extent {
  readonly start: Vpn;
  readonly end: Vpn;
  /** The free of an area that was never seen says only where it begins: it is taken to have one page. */
  readonly isSized: boolean;
  readonly origin: Origin;
  readonly request: Request | undefined;
  /** When it was placed. */
  readonly placed: Window;
  /** The task that asked for it. */
  readonly name: string;
  caller: string | undefined;
  /** The line of the last event about it: events lost after that may have changed it. */
  line: number;
  /** When it became lazy; undefined while it is in use. */
  freed: Window | undefined;
  /** Its free, if a kprobe at the entry saw it: the event at the end is still to come. */
  freeing: Stamp | undefined;
  /** A purge that perhaps took it; and the last that ran when it may have been lazy, and did not take it. */
  perhapsTakenBy: Purge | undefined;
  missedBy: Purge | undefined;
}

/** A purge, as far as the log shows it. They run one at a time (vmap_purge_lock). */
export interface Purge {
  /** The kprobe at its entry. */
  readonly entry: EventOf<"purge entry"> | undefined;
  /** The end of the purge before: it began after that. */
  readonly after: Stamp | undefined;
  /** Whether a flush by it would be in the log. */
  readonly isFlushSeen: boolean;
  flush: EventOf<"flush"> | undefined;
  flushes: number;
  decays: number;
  /** The event at its end. */
  close: Stamp | undefined;
  /** What it flushed, by its event or by its flush. */
  range: Extent | undefined;
  /** Pages that it took. */
  taken: Pages;
  /** How many areas it may have taken whose frees were not printed yet when it ended. */
  unseen: number;
  /** Of the areas that it perhaps took: how many at most, and how many were placed again and can have gone by it alone. */
  perhapsMost: number;
  perhapsReused: number;
  /** Areas that were placed again already: it must have taken them, or the purge before that perhaps did. */
  readonly reused: Reuse[];
}

/** A lazy area, and the one that was placed over it. */
export interface Reuse {
  readonly old: Area;
  readonly placed: Area;
}

export const pagesOf = ({ start, end }: Extent): Pages => end - start;

/** What is known of an area when it is first seen. */
export interface Sighting {
  readonly origin: Origin;
  readonly at: Stamp;
  readonly placed?: Window;
  readonly request?: Request;
  readonly freed?: Window | undefined;
  readonly caller?: string;
  readonly isSized?: boolean;
}

const NEVER_SEEN: Window = { from: undefined, by: undefined };

/** Every area has every field: a search passes thousands. */
export function areaAt({ start, end }: Extent, seen: Sighting): Area {
  const { origin, at, placed = NEVER_SEEN, request, freed, caller, isSized = true } = seen;
  const { line, name } = at;
  return {
    start,
    end,
    isSized,
    origin,
    request,
    placed,
    name,
    caller,
    line,
    freed,
    freeing: undefined,
    perhapsTakenBy: undefined,
    missedBy: undefined,
  };
}

/** The area as it is now: what follows changes the other. */
export const copyOf = (area: Area): Area => ({ ...area, freed: area.freed && { ...area.freed } });

/** Pages of lazy areas: all of them; those that a purge perhaps took; and how many areas are of unknown size. */
export interface LazySums {
  all: Pages;
  perhapsTaken: Pages;
  unsized: number;
}

/** Extents in the order of their addresses, no two of which overlap. */
export class Extents<T extends Extent> {
  protected all: T[] = [];

  get size(): number {
    return this.all.length;
  }

  [Symbol.iterator](): Iterator<T> {
    return this.all[Symbol.iterator]();
  }

  /** The place of the first that ends above this page. */
  placeOf(page: Vpn): number {
    const { all } = this;
    let [low, high] = [0, all.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((all[middle] as T).end <= page) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  nth(place: number): T | undefined {
    return this.all[place];
  }

  /** The one that has this page. */
  around(page: Vpn): T | undefined {
    const one = this.all[this.placeOf(page)];
    return one !== undefined && one.start <= page ? one : undefined;
  }

  overlapping({ start, end }: Extent): readonly T[] {
    const found: T[] = [];
    for (let place = this.placeOf(start); place < this.all.length; place++) {
      const one = this.all[place] as T;
      if (one.start >= end) break;
      found.push(one);
    }
    return found;
  }

  /** Those at the extent, and some on each side of it. */
  near({ start, end }: Extent, each: number): readonly T[] {
    const place = this.placeOf(start);
    return this.all.slice(Math.max(0, place - each), this.placeOf(end) + each);
  }

  has(one: T): boolean {
    return this.all[this.placeOf(one.start)] === one;
  }

  add(one: T): void {
    this.all.splice(this.placeOf(one.start), 0, one);
  }

  remove(one: T): boolean {
    const isHere = this.has(one);
    if (isHere) this.all.splice(this.placeOf(one.start), 1);
    return isHere;
  }
}

/** The areas that are known: of two that overlap, the older one is taken out. */
export class Areas extends Extents<Area> {
  readonly lazy: LazySums = { all: 0, perhapsTaken: 0, unsized: 0 };

  override add(area: Area): void {
    super.add(area);
    this.#count(area, 1);
  }

  override remove(area: Area): boolean {
    const isHere = super.remove(area);
    if (isHere) this.#count(area, -1);
    return isHere;
  }

  removeAll(gone: ReadonlySet<Area>): void {
    if (gone.size === 0) return;
    this.all = this.all.filter((area) => !gone.has(area));
    for (const area of gone) this.#count(area, -1);
  }

  free(area: Area, freed: Window): void {
    area.freed = freed;
    if (this.has(area)) this.#count(area, 1);
  }

  markTaken(area: Area, by: Purge): void {
    const isHere = this.has(area);
    if (isHere) this.#count(area, -1);
    area.perhapsTakenBy = by;
    if (isHere) this.#count(area, 1);
  }

  #count(area: Area, sign: 1 | -1): void {
    if (area.freed === undefined) return;
    if (!area.isSized) {
      this.lazy.unsized += sign;
      return;
    }
    const pages = sign * pagesOf(area);
    this.lazy.all += pages;
    if (area.perhapsTakenBy !== undefined) this.lazy.perhapsTaken += pages;
  }
}
