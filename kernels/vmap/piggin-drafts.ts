/**
 * What the two unmerged drafts of the free-area cache share (May 2010 to January 2011). They were never
 * released and nothing was recorded from them: this is the merged cache of 2.6.39 with the parts 89699605 and
 * the catalogue (A6, A7, A8) say were different. Both drafts begin an uncached search with db64fe02's
 * descent, which may end on an area wholly below the address; they test `size <= cached_hole_size`, and scan
 * with `>`, forgetting the page wanted before the next area.
 */
import type { Alloc } from "../../spec/vmap/commands.ts";
import type { Vpn } from "../../spec/vmap/vocabulary.ts";
import { next } from "../structures/rbtree.ts";
import { NONE } from "./areas.ts";
import { blocks2_6_37 } from "./block-rules.ts";
import { type CachedRules, unmappingAtFree } from "./cached-kernel.ts";
import { MARKS } from "./coverage-marks.ts";
import { rules2_6_39 } from "./linux-2.6.39.ts";
import { unmapEach } from "./purge.ts";
import { type CachedSearch, noteHole, reasonsToReset, type StartingPoint } from "./search-cached.ts";
import { descend, NO_ROOM } from "./search-uncached.ts";
import type { State } from "./state.ts";

/** The address behind an area that begins below `addr`, and what the draft asserts about it. */
export type StepOver = (state: State, first: number, addr: Vpn, request: Alloc) => Vpn;

/** An uncached start in the drafts' manner; `checkNext` is what they assert of the area after. */
export function startStepping(
  stepOver: StepOver,
  checkNext: (state: State, first: number, addr: Vpn) => void,
) {
  return (state: State, request: Alloc, rules: CachedSearch): StartingPoint | typeof NO_ROOM => {
    const { word, areas } = state;
    let addr = rules.align(word, request.vstart, request.align);
    if (rules.wraps(word, addr, request)) return NO_ROOM;
    let first = descend(state, addr, request.size);
    if (first !== NONE && (areas.start[first] as number) < addr) {
      addr = stepOver(state, first, addr, request);
      if (rules.wraps(word, addr, request)) return NO_ROOM;
      first = next(areas, first);
    }
    if (first === NONE) return { addr, first };
    checkNext(state, first, addr);
    noteHole(state, addr, first);
    return { addr, first };
  };
}

function reasonsToResetDraft(state: State, request: Alloc): number {
  const reasons = reasonsToReset(state, request);
  return request.size === state.cachedHoleSize ? reasons | MARKS.cacheResetSmallerSize : reasons;
}

/** Based on 2.6.34: PTEs still go at the purge. */
export const rulesDrafts: Omit<CachedRules, "startUncached"> = {
  ...rules2_6_39,
  ...unmappingAtFree,
  unmapFreed: () => {},
  unmapGathered: unmapEach,
  blocks: { ...blocks2_6_37, unmapsAtOnce: false },
  beforeNext: 0,
  // The descent remembers the first area met, and the hole before it is noted: which that is, the tree's shape says.
  readsTree: true,
  reasonsToReset: reasonsToResetDraft,
};
