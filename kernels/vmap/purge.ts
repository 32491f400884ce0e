/**
 * __purge_vmap_area_lazy: gather the lazy areas, flush once from the lowest start to the highest end, release
 * them. To 4.6 a lazy area is one with a flag, found by walking the list of all areas; from 4.7 a free pushes
 * it on a list of its own (80c4bd7a5e4d), so they are released newest first.
 */
import type { Extent } from "../../spec/vmap/vocabulary.ts";
import { flushTlbKernelRange, unmapRange } from "../hardware/memory.ts";
import { walked } from "../structures/walked.ts";
import { eraseArea } from "./area-calls.ts";
import { type Areas, NONE } from "./areas.ts";
import { bugOn } from "./bug.ts";
import { type State, takeTurn } from "./state.ts";
import type { PurgeSteps } from "./steps.ts";
import { distance } from "./word-arithmetic.ts";

/** VM_LAZY_FREE and VM_LAZY_FREEING, to 4.6. */
export const LAZY_FREE = 1;
export const LAZY_FREEING = 2;
/** VM_LAZY_FREE from 4.7 on: set by remove_vm_area, and no longer read by a purge. */
export const LAZY_FREE_4_7 = 2;

/**
 * Gather, flush, release. `dirty` is what blocks must flush in addition to the lazy areas: one flush covers both, even
 * if nothing is lazy.
 */
export function purge(state: State, steps: PurgeSteps, dirty?: Extent): void {
  const { areas } = state;
  const first = steps.gather(state);
  if (first === NONE) {
    if (dirty !== undefined) flushTlbKernelRange(state, dirty.start, dirty.end);
    return;
  }
  steps.unmapGathered(state, first);
  let start = dirty?.start ?? Number.POSITIVE_INFINITY;
  let end = dirty?.end ?? 0;
  for (let slot = first; slot !== NONE; slot = areas.purgeNext[slot] as number) {
    takeTurn(state, "__purge_vmap_area_lazy");
    walked.list += 1;
    start = Math.min(start, areas.start[slot] as number);
    end = Math.max(end, areas.end[slot] as number);
    state.lazyPages -= pagesOf(state, slot);
  }
  flushTlbKernelRange(state, start, end);
  steps.release(state, first);
}

function pagesOf(state: State, slot: number): number {
  const { areas } = state;
  return distance(state.word, areas.start[slot] as number, areas.end[slot] as number);
}

/** To 4.6: the areas flagged lazy, by address; their flag says from now on that they are being freed. */
export function gatherFlagged(state: State): number {
  const { areas } = state;
  let first = NONE;
  let last = NONE;
  for (let slot = areas.listHead; slot !== NONE; slot = areas.listNext[slot] as number) {
    takeTurn(state, "__purge_vmap_area_lazy");
    walked.list += 1;
    if (((areas.flags[slot] as number) & LAZY_FREE) === 0) continue;
    areas.flags[slot] = ((areas.flags[slot] as number) & ~LAZY_FREE) | LAZY_FREEING;
    areas.purgeNext[slot] = NONE;
    if (last === NONE) first = slot;
    else areas.purgeNext[last] = slot;
    last = slot;
  }
  return first;
}

/** From 4.7: what was freed, newest first. */
export function gatherListed(state: State): number {
  const first = state.purgeHead;
  state.purgeHead = NONE;
  return first;
}

export function unmapEach(state: State, first: number): void {
  const { areas } = state;
  for (let slot = first; slot !== NONE; slot = areas.purgeNext[slot] as number) {
    unmapRange(state, areas.start[slot] as number, areas.end[slot] as number);
  }
}

export function unmapNone(): void {}

/** Reads the next link before the area goes (cbb766766b6, 2.6.29). */
export function releaseReadingAhead(beforeErase: (state: State, slot: number) => void) {
  return (state: State, first: number): void => {
    for (let slot = first; slot !== NONE; ) {
      const following = readPurgeNext(state, slot);
      beforeErase(state, slot);
      eraseArea(state, slot);
      slot = following;
    }
  };
}

/** 2.6.28: reads the next link from an area that was just handed to RCU (catalogue B2). */
export function releaseReadingBehind(state: State, first: number): void {
  for (let slot = first; slot !== NONE; slot = readPurgeNext(state, slot)) eraseArea(state, slot);
}

function readPurgeNext(state: State, slot: number): number {
  const { areas } = state;
  if (areas.alive[slot] === 0) state.usedAfterFree = true;
  return areas.purgeNext[slot] as number;
}

/** Up to 4.6: only the flag makes an area lazy. */
export function flagLazy(state: State, slot: number): void {
  state.areas.flags[slot] = (state.areas.flags[slot] as number) | LAZY_FREE;
  state.lazyPages += pagesOf(state, slot);
}

/** From 4.7: on the purge list, at its head. */
export function listLazy(state: State, slot: number): void {
  state.areas.purgeNext[slot] = state.purgeHead;
  state.purgeHead = slot;
  state.lazyPages += pagesOf(state, slot);
}

export const LISTED_TWICE = "vmap_purge_list: an area listed twice";

/**
 * remove_vm_area from 4.7 on. An area removed twice would be its own successor on the purge list, and the next purge
 * would never end. Only overlapping areas lead there. It is reported as a stop of the kernel.
 */
export function flagRemoved(state: State, slot: number): void {
  const { flags } = state.areas;
  bugOn(((flags[slot] as number) & LAZY_FREE_4_7) !== 0, LISTED_TWICE);
  flags[slot] = (flags[slot] as number) | LAZY_FREE_4_7;
}

export function flagNothing(): void {}

/** 64141da58724: the PTEs are cleared at the free; only the TLB flush is lazy. */
export function unmapAtOnce(state: State, slot: number): void {
  unmapRange(state, state.areas.start[slot] as number, state.areas.end[slot] as number);
}

export function isFlaggedLazy(state: State, slot: number): boolean {
  return ((state.areas.flags[slot] as number) & (LAZY_FREE | LAZY_FREEING)) !== 0;
}

export function isListedLazy(state: State, slot: number): boolean {
  return onChain(state.areas, state.purgeHead, slot);
}

function onChain(areas: Areas, first: number, wanted: number): boolean {
  for (let slot = first; slot !== NONE; slot = areas.purgeNext[slot] as number)
    if (slot === wanted) return true;
  return false;
}
