/**
 * The search of db64fe02 (2.6.28 to 2.6.37): from the window's start up through the tree, no memory of where
 * the last search ended. It keeps a page after each area and none before the next.
 */
import type { Alloc } from "../../spec/vmap/commands.ts";
import type { Pages, Vpn } from "../../spec/vmap/vocabulary.ts";
import { next } from "../structures/rbtree.ts";
import { walked } from "../structures/walked.ts";
import { NONE } from "./areas.ts";
import { NeverReturns, ROUND_THE_LIST } from "./bug.ts";
import { MARKS } from "./coverage-marks.ts";
import type { State } from "./state.ts";
import { add, type align, type WrapTest } from "./word-arithmetic.ts";

/** The address a search found, or NO_ROOM. */
export const NO_ROOM = -1;

export interface UncachedSearch {
  readonly wraps: WrapTest;
  /**
   * Free pages that the scan requires before the next area: 0 is the kernel's `addr + size > first->va_start`, 1 its
   * `>=`.
   */
  readonly beforeNext: Pages;
  /** How an address, perhaps 2^W itself, is brought to the alignment: the kernels' own wraps to 0. */
  readonly align: typeof align;
  /** The test of a found address, in addition to the end of the window. */
  readonly acceptable: (addr: Vpn, request: Alloc) => boolean;
}

/** Nothing more is tested: what every release did before afd07389d3f4 (5.1). */
export const anyAddress = (): boolean => true;

/** afd07389d3f4: an address below the window is refused; an alignment that wrapped gives one. */
export const notBelowWindow = (addr: Vpn, request: Alloc): boolean => addr >= request.vstart;

/** alloc_vmap_area's search from the window's start. */
export function searchUncached(state: State, request: Alloc, rules: UncachedSearch): Vpn {
  return searchFrom(state, request, rules.align(state.word, request.vstart, request.align), rules);
}

/** The same from a given address, which must be aligned. Leaves in `gaveUpAt` how far it got. */
export function searchFrom(state: State, request: Alloc, from: Vpn, rules: UncachedSearch): Vpn {
  const { word, areas } = state;
  const { size, vend } = request;
  let addr = from;
  state.gaveUpAt = addr;
  if (rules.wraps(word, addr, request)) return wrapped(state);
  let first = firstToLookAt(state, addr, size);
  let looked = 0;
  while (
    first !== NONE &&
    add(word, addr, size) + rules.beforeNext > (areas.start[first] as number) &&
    add(word, addr, size) <= vend
  ) {
    looked += 1;
    if (looked > areas.used) throw new NeverReturns(ROUND_THE_LIST);
    addr = rules.align(word, (areas.end[first] as number) + 1, request.align);
    state.gaveUpAt = addr;
    if (rules.wraps(word, addr, request)) return wrapped(state);
    first = next(areas, first);
  }
  return add(word, addr, size) <= vend && rules.acceptable(addr, request) ? addr : NO_ROOM;
}

function wrapped(state: State): typeof NO_ROOM {
  state.marks |= MARKS.searchWrapped;
  return NO_ROOM;
}

/**
 * The descent of db64fe02: the area from which the scan starts, or NONE if no area can be in the way. It remembers an
 * area below addr, else the first one that begins inside the wanted range. An area completely below is then skipped.
 */
function firstToLookAt(state: State, addr: Vpn, size: Pages): number {
  const first = descend(state, addr, size);
  if (first !== NONE && (state.areas.end[first] as number) < addr) return next(state.areas, first);
  return first;
}

/** Only the descent: it may end on an area that lies completely below addr. */
export function descend(state: State, addr: Vpn, size: Pages): number {
  const { areas, word } = state;
  let first = NONE;
  let slot = areas.root;
  while (slot !== NONE) {
    walked.tree += 1;
    if ((areas.end[slot] as number) >= addr) {
      if (first === NONE && (areas.start[slot] as number) < add(word, addr, size)) first = slot;
      slot = areas.left[slot] as number;
    } else {
      first = slot;
      slot = areas.right[slot] as number;
    }
  }
  return first;
}
