/**
 * The page allocator, as far as a user of the guarantee sees it: which frames are free, which were freed by the vmap
 * layer and may still have an alias, which are kept apart for page tables.
 */
import type { Pfn } from "../../spec/vmap/vocabulary.ts";
import { assignPageMap, copyPageMap, emptyPageMap, type PageMap, setFrame } from "./page-map.ts";

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
