/**
 * Areas found by their start, in chains by its hash. From 5.2 on the kernel still keeps them in a red-black tree, but
 * no search walks it and no reply shows its shape: an area is looked up by the address where it starts, but for find_vmap_area. With
 * 100,000 areas a tree was more than half of the time of a call, most of it spent waiting for memory (bench/act.ts).
 */
import type { Vpn } from "../spec/vocabulary.ts";
import { type Areas, NONE } from "./areas.ts";
import type { BusyAreas } from "./busy.ts";
import type { State } from "./state.ts";

/** A power of two, as they are doubled. */
const FIRST_CHAINS = 8;

export const byStart: BusyAreas = { insert, find, remove, list };

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

/**
 * find_vmap_area from 5.2 on: by any page of an area. It looks at all of them, as nothing but a test asks it often.
 */
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
  while (left[before] !== slot) before = left[before] as number;
  left[before] = left[slot] as number;
}

/** The areas by address, linked forwards only. */
function list(areas: Areas): void {
  const { heads, left, start, listNext } = areas;
  const slots: number[] = [];
  for (let chain = 0; chain < heads.length; chain++) {
    for (let slot = heads[chain] as number; slot !== NONE; slot = left[slot] as number) slots.push(slot);
  }
  slots.sort((a, b) => (start[a] as number) - (start[b] as number));
  let next = NONE;
  for (let nth = slots.length - 1; nth >= 0; nth--) {
    const slot = slots[nth] as number;
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

/** Spreads neighbouring pages; imul takes the low 32 bits of a page's number. The chains are a power of two. */
function chainOf(heads: Int32Array, page: Vpn): number {
  return (Math.imul(page, 0x9e3779b1) >>> 12) & (heads.length - 1);
}
