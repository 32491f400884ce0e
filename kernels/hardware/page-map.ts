/**
 * A map from page to frame: a page table, or one CPU's TLB. Open addressing over two flat arrays, because a
 * state is copied whole for every step of an exhaustive search and a JavaScript Map copies entry by entry.
 */
import type { Pfn, Vpn } from "../../spec/vmap/vocabulary.ts";

export interface PageMap {
  /** Pages, EMPTY where free; the length is a power of two and at most half of it is used. */
  pages: Float64Array;
  frames: Float64Array;
  count: number;
}

const EMPTY = -1;

export function emptyPageMap(): PageMap {
  return { pages: new Float64Array(8).fill(EMPTY), frames: new Float64Array(8), count: 0 };
}

export function copyPageMap(map: PageMap): PageMap {
  return { pages: map.pages.slice(), frames: map.frames.slice(), count: map.count };
}

/** Makes `to` equal to `from`. */
export function assignPageMap(to: PageMap, from: PageMap): void {
  if (from.count === 0 && to.count === 0) return;
  if (to.pages.length === from.pages.length) {
    to.pages.set(from.pages);
    to.frames.set(from.frames);
  } else {
    to.pages = from.pages.slice();
    to.frames = from.frames.slice();
  }
  to.count = from.count;
}

/** Spreads runs of neighbouring pages; a page number has up to 52 bits, and imul takes the low 32 of what it is given. */
function slotOf(page: Vpn, mask: number): number {
  const low = Math.imul(page, 0x9e3779b1);
  const high = Math.imul(page / 2 ** 32, 0x85ebca6b);
  return ((low ^ high) >>> 7) & mask;
}

function find(map: PageMap, page: Vpn): number {
  const mask = map.pages.length - 1;
  let slot = slotOf(page, mask);
  while (map.pages[slot] !== EMPTY && map.pages[slot] !== page) slot = (slot + 1) & mask;
  return slot;
}

/** The frame, or 0 for none: frames are counted from 1. */
export function frameOf(map: PageMap, page: Vpn): Pfn {
  if (map.count === 0) return 0;
  const slot = find(map, page);
  return map.pages[slot] === EMPTY ? 0 : (map.frames[slot] as number);
}

export function setFrame(map: PageMap, page: Vpn, frame: number): void {
  if ((map.count + 1) * 2 > map.pages.length) grow(map);
  const slot = find(map, page);
  if (map.pages[slot] === EMPTY) {
    map.pages[slot] = page;
    map.count += 1;
  }
  map.frames[slot] = frame;
}

function grow(map: PageMap): void {
  const { pages, frames } = map;
  map.pages = new Float64Array(pages.length * 2).fill(EMPTY);
  map.frames = new Float64Array(pages.length * 2);
  map.count = 0;
  for (let slot = 0; slot < pages.length; slot++) {
    if (pages[slot] !== EMPTY) setFrame(map, pages[slot] as number, frames[slot] as number);
  }
}

/** Removes one page; says whether it was there. */
export function dropPage(map: PageMap, page: Vpn): boolean {
  if (map.count === 0) return false;
  const mask = map.pages.length - 1;
  let hole = find(map, page);
  if (map.pages[hole] === EMPTY) return false;
  map.count -= 1;
  // Close the gap: an entry behind it whose home is not after the hole would no longer be found.
  let next = (hole + 1) & mask;
  while (map.pages[next] !== EMPTY) {
    const home = slotOf(map.pages[next] as number, mask);
    if (((next - home) & mask) >= ((next - hole) & mask)) {
      map.pages[hole] = map.pages[next] as number;
      map.frames[hole] = map.frames[next] as number;
      hole = next;
    }
    next = (next + 1) & mask;
  }
  map.pages[hole] = EMPTY;
  return true;
}

/** Removes the pages of [start, end); says how many were there. */
export function dropRange(map: PageMap, start: Vpn, end: Vpn): number {
  if (map.count === 0) return 0;
  let dropped = 0;
  if (end - start <= map.pages.length) {
    for (let page = start; page < end; page++) if (dropPage(map, page)) dropped += 1;
    return dropped;
  }
  for (const page of pagesIn(map, start, end)) if (dropPage(map, page)) dropped += 1;
  return dropped;
}

/** The pages of [start, end) that have an entry, ascending. */
export function pagesIn(map: PageMap, start: Vpn, end: Vpn): Vpn[] {
  if (map.count === 0) return [];
  // A range may span the whole address space: look at whichever is shorter, the range or the entries.
  if (end - start > map.pages.length) return pagesOf(map).filter((page) => page >= start && page < end);
  const pages: Vpn[] = [];
  for (let page = start; page < end; page++) if (frameOf(map, page) !== 0) pages.push(page);
  return pages;
}

/** The pages that have an entry, ascending. */
export function pagesOf(map: PageMap): Vpn[] {
  const pages: Vpn[] = [];
  if (map.count === 0) return pages;
  for (const page of map.pages) if (page !== EMPTY) pages.push(page);
  return pages.sort((a, b) => a - b);
}

// The page allocator, as far as a user of the guarantee sees it: which frames are free, which were freed by the vmap
// layer and may still have an alias, which are kept apart for page tables.

export interface Frames {
  /** Frames that were mapped and then freed, the latest last: the next page handed out, as hot as it can be. */
  readonly freed: Pfn[];
  /** Frames kept by a policy, known to have no alias. */
  readonly stock: Pfn[];
  /** A bit for each frame: it was mapped once, and freed lazily. Kept only if a policy asks for it. */
  noted: PageMap;
  /** The next frame never used before. */
  nextTable: Pfn;
}

/** Frames for page tables begin here, far from those that maps take: a recording counts the latter. */
const FIRST_TABLE: Pfn = 2 ** 40;

export function emptyFrames(): Frames {
  return { freed: [], stock: [], noted: emptyPageMap(), nextTable: FIRST_TABLE };
}

export function copyFrames(frames: Frames): Frames {
  return {
    freed: frames.freed.slice(),
    stock: frames.stock.slice(),
    noted: copyPageMap(frames.noted),
    nextTable: frames.nextTable,
  };
}

/** Makes `to` equal to `from`. */
export function assignFrames(to: Frames, from: Frames): void {
  assignList(to.freed, from.freed);
  assignList(to.stock, from.stock);
  assignPageMap(to.noted, from.noted);
  to.nextTable = from.nextTable;
}

function assignList(to: Pfn[], from: readonly Pfn[]): void {
  if (from.length === 0 && to.length === 0) return;
  to.length = from.length;
  for (let at = 0; at < from.length; at++) to[at] = from[at] as number;
}

/** The page allocator hands out a frame. */
export function takeFrame(frames: Frames): Pfn {
  const hot = frames.freed.pop();
  if (hot !== undefined) return hot;
  frames.nextTable += 1;
  return frames.nextTable - 1;
}

/** A frame is freed by the caller that had it mapped. */
export function freeFrame(frames: Frames, frame: Pfn, notes: boolean): void {
  frames.freed.push(frame);
  if (notes) setFrame(frames.noted, frame as number, 1);
}
