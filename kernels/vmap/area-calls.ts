/** The steps of calls that take, free and purge areas (alloc_vmap_area, free_unmap_vmap_area, purge_vmap_area_lazy). */
import type { Alloc } from "../../spec/vmap/commands.ts";
import { endHold } from "../hardware/memory.ts";
import { walked } from "../structures/walked.ts";
import { removeFromTree } from "./area-index.ts";
import { giveBackDescriptor, NONE, takeDescriptor } from "./areas.ts";
import { purgeFragmented } from "./block-sweeps.ts";
import { MARKS } from "./coverage-marks.ts";
import { NO_ROOM } from "./search-uncached.ts";
import { type State, takeTurn } from "./state.ts";
import type { Steps } from "./steps.ts";
import { add } from "./word-arithmetic.ts";

/** purge_vmap_area_lazy: a purge that waits for the lock, and takes fragmented blocks as well. */
export function purgeNow(state: State, steps: Steps): void {
  takeTurn(state, "purge_vmap_area_lazy");
  purgeFragmented(state, steps);
  steps.purge(state, undefined, "emptied");
}

/** alloc_vmap_area: search; if that finds no room, purge once and search again. NONE if it is refused. */
export function allocArea(state: State, request: Alloc, steps: Steps): number {
  const { areas } = state;
  const slot = takeDescriptor(areas);
  let start = steps.search(state, request);
  if (start === NO_ROOM && !(request.noblock && steps.noblock)) {
    purgeNow(state, steps);
    start = steps.searchAgain(state, request);
    if (start !== NO_ROOM) state.marks |= MARKS.placedAfterPurge;
  }
  if (start === NO_ROOM) {
    steps.dropUnused(state, slot);
    return NONE;
  }
  areas.start[slot] = start;
  areas.end[slot] = add(state.word, start, request.size);
  steps.busy.insert(areas, slot);
  steps.placed(state, slot, request);
  return slot;
}

/** The flags that alloc_vmap_area's caller sets on the area. */
export function flagArea({ areas }: State, slot: number, flags: number): void {
  areas.flags[slot] = (areas.flags[slot] as number) | flags;
}

/** remove_vm_area, of an area that it found. */
export function freeArea(state: State, slot: number, steps: Steps): void {
  steps.removed(state, slot);
  freeAreaLazily(state, slot, steps);
}

/** free_unmap_vmap_area: its owner frees the area; too many lazy pages start a purge. */
export function freeAreaLazily(state: State, slot: number, steps: Steps): void {
  const { start, end } = state.areas;
  endHold(state, start[slot] as number, end[slot] as number);
  steps.flushCache(state, start[slot] as number, end[slot] as number);
  steps.unmapFreed(state, slot);
  steps.keepLazy(state, slot);
  purgeIfTooLazy(state, steps);
}

/** A free that leaves more lazy pages than it may. */
export function purgeIfTooLazy(state: State, steps: Steps): void {
  if (steps.purgesInline && state.lazyPages > state.lazyMaxPages) steps.purge(state, undefined, "decay");
}

/** The end of __free_vmap_area: out of tree and list; RCU frees the descriptor. */
export function eraseArea(state: State, slot: number): void {
  walked.released += 1;
  removeFromTree(state.areas, slot);
  // The harshest legal RCU: the grace period is over at once. No reply but `usedAfterFree` can show it.
  state.rcuCallbacks += 1;
  giveBackDescriptor(state.areas, slot);
}
