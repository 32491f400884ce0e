/**
 * Free space as 5.2 and later keep it (68ad4a330433): the free extents in a red-black tree by address, each node
 * knowing the size of the largest extent in its subtree (subtree_max_size). What an aligned request finds depends
 * on the tree's shape (catalogue A13), so it is changed step by step as the kernel changes its own.
 *
 * The whole space is one extent at first, from byte 1 to byte 2^W - 1: a byte is missing at each edge of the word.
 * Extents are counted in whole pages all the same; the missing bytes are reckoned where sizes are compared.
 */
import type { Extent, Pages, Vpn } from "../../spec/vmap/vocabulary.ts";
import { type Augment, erase, linkAndColour, next, type TreeLinks } from "../structures/rbtree.ts";
import { walked } from "../structures/walked.ts";
import { NONE } from "./areas.ts";
import { MARKS } from "./coverage-marks.ts";

export interface FreeSpace extends TreeLinks {
  /** Pages in the word. */
  readonly word: Pages;
  start: Float64Array;
  end: Float64Array;
  /** The largest extent in the subtree, as a `Measure`. */
  largest: Float64Array;
  left: Int32Array;
  right: Int32Array;
  /** Of the tree; of the free slots in a chain of their own. */
  parent: Int32Array;
  red: Uint8Array;
  freeSlot: number;
  /** Slots ever in use. */
  used: number;
  /** Free extents. */
  count: number;
}

/** Twice the pages, less one where one byte is missing: a size that can be compared with size + align - 1 bytes. */
export type Measure = number;

type Arrays = Pick<FreeSpace, "start" | "end" | "largest" | "left" | "right" | "parent" | "red">;

function arrays(capacity: number): Arrays {
  return {
    start: new Float64Array(capacity),
    end: new Float64Array(capacity),
    largest: new Float64Array(capacity),
    left: new Int32Array(capacity),
    right: new Int32Array(capacity),
    parent: new Int32Array(capacity),
    red: new Uint8Array(capacity),
  };
}

/** Shared: nothing can be written to arrays of no slots. */
const NO_ARRAYS = arrays(0);

/** No tree at all: what a kernel before 5.2 has. */
export function noFreeSpace(word: Pages): FreeSpace {
  return { word, ...NO_ARRAYS, root: NONE, freeSlot: NONE, used: 0, count: 0 };
}

/** vmap_init_free_space: one extent. */
export function wholeSpace(word: number): FreeSpace {
  const free = noFreeSpace(word);
  giveSpace(free, 0, word);
  return free;
}

export function copyFreeSpace(free: FreeSpace): FreeSpace {
  return resize(free, free.start.length);
}

/** Makes `to` equal to `from`: slot by slot, as an exhaustive search has a handful of them (areas.ts). */
export function assignFreeSpace(to: FreeSpace, from: FreeSpace): void {
  if (to.start.length < from.used) Object.assign(to, arrays(from.start.length));
  for (let slot = 0; slot < from.used; slot++) {
    to.start[slot] = from.start[slot] as number;
    to.end[slot] = from.end[slot] as number;
    to.largest[slot] = from.largest[slot] as number;
    to.left[slot] = from.left[slot] as number;
    to.right[slot] = from.right[slot] as number;
    to.parent[slot] = from.parent[slot] as number;
    to.red[slot] = from.red[slot] as number;
  }
  to.root = from.root;
  to.freeSlot = from.freeSlot;
  to.used = from.used;
  to.count = from.count;
}

function resize(free: FreeSpace, capacity: number): FreeSpace {
  const larger = arrays(capacity);
  for (const name of Object.keys(larger) as (keyof Arrays)[]) larger[name].set(free[name]);
  return { ...free, ...larger };
}

/** The lowest extent, or NONE. */
export function firstOf({ root, left }: FreeSpace): number {
  let slot = root;
  while (slot !== NONE && left[slot] !== NONE) slot = left[slot] as number;
  return slot;
}

/** The extents, by address. */
export function freeExtents(free: FreeSpace): Extent[] {
  const found: Extent[] = [];
  for (let slot = firstOf(free); slot !== NONE; slot = next(free, slot)) {
    found.push({ start: free.start[slot] as number, end: free.end[slot] as number });
  }
  return found;
}

/** pvm_find_va_enclose_addr: the extent that has this page or ends there, or else the next below it; NONE if none is. */
export function extentAtOrBelow({ root, start, end, left, right }: FreeSpace, page: Vpn): number {
  let found = NONE;
  for (let here = root; here !== NONE; ) {
    if ((start[here] as number) > page) {
      here = left[here] as number;
      continue;
    }
    found = here;
    if ((end[here] as number) >= page) break;
    here = right[here] as number;
  }
  return found;
}

/** The first whole page of an extent: the lowest of all begins at byte 1. */
export function firstPage({ start }: FreeSpace, slot: number): Vpn {
  return (start[slot] as number) || 1;
}

/** How large one extent is. */
export function measure({ word, start, end }: FreeSpace, slot: number): Measure {
  const from = start[slot] as number;
  const to = end[slot] as number;
  return 2 * (to - from) - (from === 0 || to === word ? 1 : 0);
}

/** compute_subtree_max_size, from a node's own size and its children. */
function refresh(free: FreeSpace, slot: number): boolean {
  const { left, right, largest } = free;
  const below = left[slot] as number;
  const above = right[slot] as number;
  let most = measure(free, slot);
  if (below !== NONE && (largest[below] as number) > most) most = largest[below] as number;
  if (above !== NONE && (largest[above] as number) > most) most = largest[above] as number;
  if (largest[slot] === most) return false;
  largest[slot] = most;
  return true;
}

/** Something of this size is now below a node. */
function raise({ largest, parent }: FreeSpace, slot: number, size: Measure): void {
  for (let here = slot; here !== NONE && (largest[here] as number) < size; ) {
    walked.tree += 1;
    largest[here] = size;
    here = parent[here] as number;
  }
}

/** Something of this size is no longer below a node: a larger maximum did not come from it. */
function lower(free: FreeSpace, slot: number, size: Measure): void {
  const { largest, parent } = free;
  for (let here = slot; here !== NONE && largest[here] === size; here = parent[here] as number) {
    walked.tree += 1;
    if (!refresh(free, here)) return;
  }
}

const augment: Augment<FreeSpace> = {
  turned: (free, node, up) => {
    free.largest[up] = free.largest[node] as number;
    refresh(free, node);
  },
  erased: (free, node, lowest, successor) => {
    if (successor === NONE) {
      lower(free, lowest, measure(free, node));
      return;
    }
    const { largest, parent } = free;
    const moved = measure(free, successor);
    for (let here = lowest; here !== successor && largest[here] === moved; here = parent[here] as number) {
      if (!refresh(free, here)) break;
    }
    largest[successor] = largest[node] as number;
    lower(free, successor, measure(free, node));
  },
};

/**
 * merge_or_add_vmap_area: [start, end) is free from now on, as part of the extent above or below if it touches one. If
 * it joins two, the upper node is removed.
 */
export function giveSpace(free: FreeSpace, start: Vpn, end: Vpn): void {
  walked.released += 1;
  let below = NONE;
  let above = NONE;
  let leaf = NONE;
  for (let here = free.root; here !== NONE; ) {
    walked.tree += 1;
    leaf = here;
    if (end <= (free.start[here] as number)) {
      above = here;
      here = free.left[here] as number;
    } else {
      below = here;
      here = free.right[here] as number;
    }
  }
  const meetsAbove = above !== NONE && free.start[above] === end;
  const meetsBelow = below !== NONE && free.end[below] === start;
  if (!meetsAbove && !meetsBelow) {
    link(free, takeSlot(free, start, end), leaf, leaf === above);
    return;
  }
  if (!meetsBelow) {
    free.start[above] = start;
    raise(free, above, measure(free, above));
    return;
  }
  free.end[below] = meetsAbove ? (free.end[above] as number) : end;
  raise(free, below, measure(free, below));
  if (meetsAbove) dropExtent(free, above);
}

/**
 * adjust_va_to_fit_type: takes [start, start + size) out of the extent that holds it. The extent is removed, or shrinks
 * at one edge; a request inside leaves the upper part in its node and makes a new one for the lower. Returns the mark
 * of the fit.
 */
export function takeSpace(free: FreeSpace, slot: number, start: Vpn, size: Pages): number {
  const from = free.start[slot] as number;
  const end = start + size;
  // At the word's edges a byte is missing: no request reaches them.
  const atLeft = start === from;
  const atRight = end === free.end[slot];
  if (atLeft && atRight) {
    dropExtent(free, slot);
    return MARKS.fitWhole;
  }
  const whole = measure(free, slot);
  if (atRight) {
    free.end[slot] = start;
    lower(free, slot, whole);
    return MARKS.fitRightEdge;
  }
  free.start[slot] = end;
  lower(free, slot, whole);
  if (atLeft) return MARKS.fitLeftEdge;
  insertBelow(free, slot, takeSlot(free, from, start));
  return MARKS.fitInside;
}

/** insert_vmap_area_augment: right before `slot`, as a leaf of its left subtree. */
function insertBelow(free: FreeSpace, slot: number, below: number): void {
  let leaf = free.left[slot] as number;
  if (leaf === NONE) {
    link(free, below, slot, true);
    return;
  }
  while (free.right[leaf] !== NONE) leaf = free.right[leaf] as number;
  link(free, below, leaf, false);
}

function link(free: FreeSpace, slot: number, leaf: number, asLeft: boolean): void {
  raise(free, leaf, free.largest[slot] as number);
  linkAndColour(free, slot, leaf, asLeft, augment);
}

function takeSlot(free: FreeSpace, start: Vpn, end: Vpn): number {
  let slot = free.freeSlot;
  if (slot === NONE) {
    if (free.used === free.start.length) Object.assign(free, resize(free, free.used * 2 || 4));
    slot = free.used;
    free.used += 1;
  } else {
    free.freeSlot = free.parent[slot] as number;
  }
  free.start[slot] = start;
  free.end[slot] = end;
  free.largest[slot] = measure(free, slot);
  free.count += 1;
  return slot;
}

function dropExtent(free: FreeSpace, slot: number): void {
  erase(free, slot, augment);
  free.parent[slot] = free.freeSlot;
  free.freeSlot = slot;
  free.count -= 1;
}
