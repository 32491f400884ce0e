/**
 * Areas found by their start, in chains by its hash. From 5.2 on the kernel still keeps them in a red-black tree, but
 * no search for space walks it and no reply shows its shape: the only questions are the area that starts at an address,
 * and now and then the one around a page. With 100,000 areas a tree was more than half of the time of a call, most of
 * it spent waiting for memory (bench/act.ts).
 */
import type { Vpn } from "../../spec/vmap/vocabulary.ts";
import type { AreaIndex } from "./area-index.ts";
import { type Areas, NONE } from "./areas.ts";
import { sortByStart } from "./purge-list.ts";
import type { State } from "./state.ts";

/** A power of two, as they are doubled. */
const FIRST_CHAINS = 8;

export const byStart: AreaIndex = { insert, find, remove, list };

function insert(areas: Areas, slot: number): void {
  if (areas.descriptors > areas.heads.length) grow(areas);
  push(areas, slot);
}

function push(areas: Areas, slot: number): void {
  const { heads, left, start } = areas;
  const chain = chainOf(heads, start[slot] as number);
  left[slot] = heads[chain] as number;
  heads[chain] = slot;
}

function find({ heads, left, start }: Areas, wanted: Vpn): number {
  if (heads.length === 0) return NONE;
  let slot = heads[chainOf(heads, wanted)] as number;
  while (slot !== NONE && start[slot] !== wanted) slot = left[slot] as number;
  return slot;
}

/** find_vmap_area from 5.2 on: by any page of an area. It scans all of them, because the call is rare. */
export function findByAnyPage({ areas }: State, page: Vpn): number {
  const { heads, left, start, end } = areas;
  for (let chain = 0; chain < heads.length; chain++) {
    for (let slot = heads[chain] as number; slot !== NONE; slot = left[slot] as number) {
      if ((start[slot] as number) <= page && page < (end[slot] as number)) return slot;
    }
  }
  return NONE;
}

function remove({ heads, left, start }: Areas, slot: number): void {
  const chain = chainOf(heads, start[slot] as number);
  let before = heads[chain] as number;
  if (before === slot) {
    heads[chain] = left[slot] as number;
    return;
  }
  while (before !== NONE && left[before] !== slot) before = left[before] as number;
  // A vfree removed it already, although it must not (6.3).
  if (before !== NONE) left[before] = left[slot] as number;
}

/** Up to this many areas are linked one by one: an exhaustive search reads the list after every transition. */
const FEW = 16;

/** The areas by address, linked forwards only. */
function list(areas: Areas): void {
  if (areas.descriptors <= FEW) listFew(areas);
  else listMany(areas);
}

function listFew(areas: Areas): void {
  const { heads, left, listNext } = areas;
  areas.listHead = NONE;
  for (let chain = 0; chain < heads.length; chain++) {
    for (let slot = heads[chain] as number; slot !== NONE; slot = left[slot] as number) {
      const before = lastBelow(areas, slot);
      listNext[slot] = before === NONE ? areas.listHead : (listNext[before] as number);
      if (before === NONE) areas.listHead = slot;
      else listNext[before] = slot;
    }
  }
}

/** The last area of the list that begins below this one, or NONE. */
function lastBelow({ start, listHead, listNext }: Areas, slot: number): number {
  let before = NONE;
  let here = listHead;
  while (here !== NONE && (start[here] as number) < (start[slot] as number)) {
    before = here;
    here = listNext[here] as number;
  }
  return before;
}

function listMany(areas: Areas): void {
  const { heads, left, listNext } = areas;
  const slots: number[] = [];
  for (let chain = 0; chain < heads.length; chain++) {
    for (let slot = heads[chain] as number; slot !== NONE; slot = left[slot] as number) slots.push(slot);
  }
  let next = NONE;
  for (const slot of sortByStart(areas, slots).reverse()) {
    listNext[slot] = next;
    next = slot;
  }
  areas.listHead = next;
}

/** Twice the chains, so that there is about one area in each. */
function grow(areas: Areas): void {
  const { heads, left } = areas;
  areas.heads = new Int32Array(heads.length * 2 || FIRST_CHAINS).fill(NONE);
  for (let chain = 0; chain < heads.length; chain++) {
    for (let slot = heads[chain] as number; slot !== NONE; ) {
      const next = left[slot] as number;
      push(areas, slot);
      slot = next;
    }
  }
}

/**
 * Spreads runs of 16 pages, and leaves neighbours side by side: what is placed in a row is then in the same cache
 * line. imul takes the low 32 bits of a whole number. The chains are a power of two.
 */
function chainOf(heads: Int32Array, page: Vpn): number {
  return ((Math.imul(page / 16, 0x9e3779b1) >>> 12) + page) & (heads.length - 1);
}
