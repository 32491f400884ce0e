/** The slots of a purge list, and the same by address: a purge has tens of thousands of them. */
import { type Areas, NONE } from "./areas.ts";
import { NeverReturns } from "./bug.ts";

/** In the order of the list: newest first. */
export function slotsOf({ purgeNext }: Areas, first: number): number[] {
  const slots: number[] = [];
  for (let slot = first; slot !== NONE; slot = purgeNext[slot] as number) {
    if (slots.length === purgeNext.length) throw new NeverReturns("the purge list goes round and round");
    slots.push(slot);
  }
  return slots;
}

/** From this number of slots on, numbers are sorted in place of slots. */
const MANY = 64;

/** Sorts slots by the start of their areas; those with equal starts stay in their order. */
export function sortByStart(areas: Areas, slots: number[]): number[] {
  return slots.length < MANY ? sortSlots(areas, slots) : sortNumbers(areas, slots);
}

export function sortSlots({ start }: Areas, slots: number[]): number[] {
  return slots.sort((a, b) => (start[a] as number) - (start[b] as number));
}

/**
 * The same, as a sort of plain numbers, which calls no function for each comparison: a start, counted from the lowest,
 * with its index among the slots below it. If the two do not fit into a double, slots are sorted.
 */
export function sortNumbers(areas: Areas, slots: number[]): number[] {
  const { start } = areas;
  const places = 2 ** Math.ceil(Math.log2(slots.length));
  const keys = Float64Array.from(slots, (slot) => start[slot] as number);
  let lowest = Number.POSITIVE_INFINITY;
  let highest = 0;
  for (let place = 0; place < keys.length; place++) {
    lowest = Math.min(lowest, keys[place] as number);
    highest = Math.max(highest, keys[place] as number);
  }
  if ((highest - lowest + 1) * places > Number.MAX_SAFE_INTEGER) return sortSlots(areas, slots);
  for (let place = 0; place < keys.length; place++) {
    keys[place] = ((keys[place] as number) - lowest) * places + place;
  }
  keys.sort();
  const sorted: number[] = [];
  for (let nth = 0; nth < keys.length; nth++) {
    const key = keys[nth] as number;
    sorted.push(slots[key - Math.floor(key / places) * places] as number);
  }
  return sorted;
}
