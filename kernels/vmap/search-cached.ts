/**
 * The free-area cache of 89699605 (2.6.39 to 5.1): a search continues where the last one ended, unless a lower hole
 * may fit. The rules are those of catalogue section 2, with their numbers; 89699605 gives their reasons.
 */
import type { Alloc } from "../../spec/vmap/commands.ts";
import type { Pages, Vpn } from "../../spec/vmap/vocabulary.ts";
import { next, prev } from "../structures/rbtree.ts";
import { walked } from "../structures/walked.ts";
import { NONE } from "./areas.ts";
import { NeverReturns, ROUND_THE_LIST } from "./bug.ts";
import { MARKS } from "./coverage-marks.ts";
import { NO_ROOM } from "./search-uncached.ts";
import type { State } from "./state.ts";
import { add, type align, type WrapTest } from "./word-arithmetic.ts";

/** Where a scan begins: an address, and the first area that may be in its way (NONE: nothing is). */
export interface StartingPoint {
  readonly addr: Vpn;
  readonly first: number;
}

export interface CachedSearch {
  readonly wraps: WrapTest;
  /** Pages kept free after an area's end: the kernel's `ALIGN(first->va_end + PAGE_SIZE, align)`, or not. */
  readonly afterArea: Pages;
  /** Free pages that the scan requires before the next area: 1 is `addr + size >= first->va_start`, 0 is `>`. */
  readonly beforeNext: Pages;
  /** How an address, perhaps 2^W itself, is brought to the alignment: the kernels' own wraps to 0. */
  readonly align: typeof align;
  /** Rule 1: the reasons, as marks, for which the cache may not be used; 0 if it may. */
  readonly reasonsToReset: (state: State, request: Alloc) => number;
  /** Rule 3 without a cached area: where a search begins in the whole tree, or NO_ROOM. */
  readonly startUncached: (
    state: State,
    request: Alloc,
    rules: CachedSearch,
  ) => StartingPoint | typeof NO_ROOM;
  /** The test of a found address, in addition to the end of the window. */
  readonly acceptable: (addr: Vpn, request: Alloc) => boolean;
}

/** Rule 1 as merged: no cached area, or parameters more permissive than those it was found with. */
export function reasonsToReset(state: State, request: Alloc): number {
  let reasons = 0;
  if (state.freeVmapCache === NONE) reasons |= MARKS.cacheResetEmpty;
  if (request.size < state.cachedHoleSize) reasons |= MARKS.cacheResetSmallerSize;
  if (request.vstart < state.cachedVstart) reasons |= MARKS.cacheResetLowerVstart;
  if (request.align < state.cachedAlign) reasons |= MARKS.cacheResetSmallerAlign;
  return reasons;
}

/** alloc_vmap_area's search. A wrap test or the window's end that fails is a refusal: NO_ROOM. */
export function searchCached(state: State, request: Alloc, rules: CachedSearch): Vpn {
  const reasons = rules.reasonsToReset(state, request);
  state.marks |= reasons;
  if (reasons !== 0) resetCache(state);
  // Rule 2: recorded before the result of the search is known.
  state.cachedVstart = request.vstart;
  state.cachedAlign = request.align;

  let begin = state.freeVmapCache === NONE ? undefined : startAfterCached(state, request, rules);
  begin ??= rules.startUncached(state, request, rules);
  if (begin === NO_ROOM) {
    state.marks |= MARKS.searchWrapped;
    return NO_ROOM;
  }
  const addr = scan(state, request, begin, rules);
  if (addr === NO_ROOM) return NO_ROOM;
  const fits = add(state.word, addr, request.size) <= request.vend && rules.acceptable(addr, request);
  return fits ? addr : NO_ROOM;
}

function resetCache(state: State): void {
  state.cachedHoleSize = 0;
  state.freeVmapCache = NONE;
}

/** Rule 3 with a cached area: right after it. Undefined, and the cache reset, if that is below the window. */
function startAfterCached(
  state: State,
  request: Alloc,
  rules: CachedSearch,
): StartingPoint | typeof NO_ROOM | undefined {
  const { word, areas } = state;
  const first = state.freeVmapCache;
  if (areas.alive[first] === 0) state.usedAfterFree = true;
  const addr = rules.align(word, (areas.end[first] as number) + rules.afterArea, request.align);
  if (addr < request.vstart) {
    state.marks |= MARKS.cacheBelowWindow;
    resetCache(state);
    return undefined;
  }
  state.marks |= MARKS.cacheHit;
  return rules.wraps(word, addr, request) ? NO_ROOM : { addr, first };
}

/** Rule 3 without one, as merged: find_vma's descent, to the lowest area that ends at or above addr. */
export function startAtWindow(
  state: State,
  request: Alloc,
  rules: CachedSearch,
): StartingPoint | typeof NO_ROOM {
  const { areas } = state;
  const addr = rules.align(state.word, request.vstart, request.align);
  if (rules.wraps(state.word, addr, request)) return NO_ROOM;
  let first = NONE;
  let slot = areas.root;
  while (slot !== NONE) {
    walked.tree += 1;
    if ((areas.end[slot] as number) < addr) {
      slot = areas.right[slot] as number;
      continue;
    }
    first = slot;
    if ((areas.start[slot] as number) <= addr) break;
    slot = areas.left[slot] as number;
  }
  return { addr, first };
}

/** Rule 4: from area to area until the hole before the next one is large enough. */
function scan(state: State, request: Alloc, begin: StartingPoint, rules: CachedSearch): Vpn {
  const { word, areas } = state;
  const { size, vend } = request;
  let { addr, first } = begin;
  let looked = 0;
  while (
    first !== NONE &&
    add(word, addr, size) + rules.beforeNext > (areas.start[first] as number) &&
    add(word, addr, size) <= vend
  ) {
    looked += 1;
    if (looked > areas.used) throw new NeverReturns(ROUND_THE_LIST);
    noteHole(state, addr, first);
    addr = rules.align(word, (areas.end[first] as number) + rules.afterArea, request.align);
    if (rules.wraps(word, addr, request)) {
      state.marks |= MARKS.searchWrapped;
      return NO_ROOM;
    }
    first = next(areas, first);
  }
  return addr;
}

/** Keeps the size of the largest hole passed, measured from the aligned address. */
export function noteHole(state: State, addr: Vpn, first: number): void {
  const nextStart = state.areas.start[first] as number;
  if (add(state.word, addr, state.cachedHoleSize) < nextStart) state.cachedHoleSize = nextStart - addr;
}

/** Rule 5: the next search continues at the area just placed. */
export function cachePlaced(state: State, slot: number): void {
  state.freeVmapCache = slot;
}

/**
 * Rule 7, before an area is erased: a free below the window last searched clears the cache; one at or below
 * the cached area moves it to the area before, so the hole that opens lies above it.
 */
export function cacheBeforeErase(state: State, slot: number): void {
  const { areas, freeVmapCache } = state;
  if (freeVmapCache === NONE) return;
  if ((areas.end[slot] as number) < state.cachedVstart) {
    state.freeVmapCache = NONE;
    state.marks |= MARKS.freeClearedCache;
  } else if ((areas.start[slot] as number) <= (areas.start[freeVmapCache] as number)) {
    state.freeVmapCache = prev(areas, slot);
    state.marks |= MARKS.freeMovedCache;
  }
}
