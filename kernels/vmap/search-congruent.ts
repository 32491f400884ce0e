/**
 * The search of pcpu_get_vm_areas over the free tree (68ad4a330433, 5.2): several areas with one base, as high as
 * possible. The area with the highest offset comes first and the others follow in a circle. An area that does not fit
 * pulls the base down, and then all are tested again.
 */
import type { PercpuLayout } from "../../spec/vmap/commands.ts";
import type { Window } from "../../spec/vmap/scope.ts";
import { alignDown, type Pages, type Vpn } from "../../spec/vmap/vocabulary.ts";
import { prev } from "../structures/rbtree.ts";
import { NONE } from "./areas.ts";
import { NeverReturns } from "./bug.ts";
import { extentAtOrBelow, type FreeSpace, firstPage, takeSpace } from "./free-space.ts";
import { NO_ROOM } from "./search-uncached.ts";
import type { State } from "./state.ts";
import { align, distance } from "./word-arithmetic.ts";

export interface PercpuSearch {
  /** The free extent to which the base moves down if an area ends above the one in which it was searched. */
  readonly endsAbove: (free: FreeSpace, slot: number) => number;
}

/** The same one: there may be room below its end (5336e52c9e85, 5.3). */
export const sameExtent: PercpuSearch["endsAbove"] = (_free, slot) => slot;

/** The one below, past the remaining room in this one: 5.2 (catalogue A12). */
export const extentBelow: PercpuSearch["endsAbove"] = (free, slot) => prev(free, slot);

/** Finds a base and takes its areas out of the free space, or NO_ROOM. */
export function takeCongruent(state: State, congruent: PercpuLayout, rules: PercpuSearch): Vpn {
  const { free, scope } = state;
  const base = highestBase(free, scope.vmalloc, congruent, rules);
  if (base === NO_ROOM) return NO_ROOM;
  const { offsets, sizes } = congruent;
  for (const [nth, offset] of offsets.entries()) {
    const start = base + offset;
    state.marks |= takeSpace(free, extentAtOrBelow(free, start), start, sizes[nth] as Pages);
  }
  return base;
}

/** Whether the window is too short for them even when empty: the kernel then warns and does not search. */
export function isTooWide({ word, scope }: State, congruent: PercpuLayout): boolean {
  const { vstart, vend } = scope.vmalloc;
  const from = align(word, vstart, congruent.align);
  const pages = distance(word, from, alignDown(vend, congruent.align));
  return pages < endOf(congruent, lastOf(congruent));
}

/**
 * The base only moves down, and an extent and the area that shall end in it determine where to: each such pair occurs
 * once.
 */
const ROUND = "pcpu_get_vm_areas: the base is pulled down for ever";

/** The base alone, or NO_ROOM. On the way down it may pass 0: that is below any window. */
export function highestBase(
  free: FreeSpace,
  { vstart, vend }: Window,
  congruent: PercpuLayout,
  { endsAbove }: PercpuSearch,
): Vpn {
  const lowest = align(free.word, vstart, congruent.align);
  const top = alignDown(vend, congruent.align);
  const { offsets } = congruent;
  let area = lastOf(congruent);
  /** The area that pulled the base down last: those tested since fit. */
  let pulling = area;
  let slot = extentWithRoom(free, extentAtOrBelow(free, top), top, congruent);
  let base = topIn(free, slot, top, congruent) - endOf(congruent, area);
  let pulledDown = 0;
  while (slot !== NONE && base >= lowest) {
    const isAbove = base + endOf(congruent, area) > (free.end[slot] as Vpn);
    if (isAbove || base + (offsets[area] as Pages) < firstPage(free, slot)) {
      const next = isAbove ? endsAbove(free, slot) : prev(free, slot);
      slot = extentWithRoom(free, next, top, congruent);
      base = topIn(free, slot, top, congruent) - endOf(congruent, area);
      pulling = area;
      pulledDown += 1;
      if (pulledDown > free.count * offsets.length) throw new NeverReturns(ROUND);
      continue;
    }
    area = (area + offsets.length - 1) % offsets.length;
    if (area === pulling) return base;
    slot = extentAtOrBelow(free, base + endOf(congruent, area));
  }
  return NO_ROOM;
}

/** pvm_determine_end_from_reverse: this extent, or the next below that reaches up to a multiple of the alignment. */
function extentWithRoom(free: FreeSpace, from: number, top: Vpn, congruent: PercpuLayout): number {
  let slot = from;
  while (slot !== NONE && (free.start[slot] as Vpn) >= topIn(free, slot, top, congruent))
    slot = prev(free, slot);
  return slot;
}

/** The highest multiple of the alignment in an extent, or at its end; 0 if there is no extent. */
function topIn(free: FreeSpace, slot: number, top: Vpn, { align }: PercpuLayout): Vpn {
  return slot === NONE ? 0 : Math.min(alignDown(free.end[slot] as Vpn, align), top);
}

/** The area with the highest offset. */
function lastOf({ offsets }: PercpuLayout): number {
  return offsets.indexOf(Math.max(...offsets));
}

/** Where an area ends, in pages from the base. */
function endOf({ offsets, sizes }: PercpuLayout, area: number): Pages {
  return (offsets[area] as Pages) + (sizes[area] as Pages);
}
