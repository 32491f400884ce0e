/**
 * The two unmerged drafts of the free-area cache (May 2010 to January 2011). They were never
 * released and nothing was recorded from them: this is the merged cache of 2.6.39 with the parts 89699605 and
 * the catalogue (A6, A7, A8) say were different. Both drafts begin an uncached search with db64fe02's
 * descent, which may end on an area that ends below the address; they test `size <= cached_hole_size`, and scan
 * with `>`, forgetting the page wanted before the next area.
 */
import type { Alloc } from "../../spec/vmap/commands.ts";
import { BASE_OF_DRAFTS, releaseOf } from "../../spec/vmap/releases.ts";
import type { Vpn } from "../../spec/vmap/vocabulary.ts";
import { type Facts, factsOf } from "../changes.ts";
import { next } from "../structures/rbtree.ts";
import { NONE } from "./areas.ts";
import { bugOn } from "./bug.ts";
import { MARKS } from "./coverage-marks.ts";
import { rulesFrom } from "./releases.ts";
import { kernelWith, type Rules } from "./rules.ts";
import { type CachedSearch, noteHole, reasonsToReset, type StartingPoint } from "./search-cached.ts";
import { descend, NO_ROOM } from "./search-uncached.ts";
import type { State } from "./state.ts";
import { add, align } from "./word-arithmetic.ts";

/** The address behind an area that begins below `addr`, and what the draft asserts about it. */
type StepOver = (state: State, first: number, addr: Vpn, request: Alloc) => Vpn;

/** An uncached start in the drafts' manner; `checkNext` is what they assert of the area after. */
function startStepping(stepOver: StepOver, checkNext: (state: State, first: number, addr: Vpn) => void) {
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

/**
 * Based on 2.6.34: PTEs are cleared at the purge. The search differs, with a page on both sides of an area. The descent
 * remembers the first area it passes, and the hole before it is recorded: which one that is depends on the tree's
 * shape.
 */
const FACTS: Facts = {
  ...factsOf(BASE_OF_DRAFTS),
  search: "areas, from a cache",
  guard: { afterArea: 1, beforeNext: 0 },
};

const rulesDrafts: Rules = { ...rulesFrom(FACTS), readsTree: true, reasonsToReset: reasonsToResetDraft };

/**
 * 5 May 2010. An area that begins below the address is taken to reach up to it, and that is asserted; the descent also
 * ends on areas that end below it, so the assertion is false as soon as a window starts above some area (A6).
 */
const stepOver1: StepOver = (state, first, addr, request) => {
  const end = state.areas.end[first] as number;
  bugOn(end < addr, "first->va_end < addr");
  return align(state.word, add(state.word, end, 1), request.align);
};

/**
 * 25 May 2010 to January 2011. Past an area that begins below the address it aligns the address and asserts that the
 * next area does not begin below it; aligning by more than a page can jump past that start. This is the BUG_ON alignment
 * case (A7).
 */
const stepOver3: StepOver = (state, first, addr, request) => {
  const behind = add(state.word, state.areas.end[first] as number, 1);
  return align(state.word, Math.max(behind, addr), request.align);
};

const checkNext3 = (state: State, first: number, addr: number) =>
  bugOn((state.areas.start[first] as number) < addr, "first->va_start < addr");

export const rulesDraft1: Rules = { ...rulesDrafts, startUncached: startStepping(stepOver1, () => {}) };
export const rulesDraft3: Rules = { ...rulesDrafts, startUncached: startStepping(stepOver3, checkNext3) };

export const pigginDraft1 = kernelWith(releaseOf("piggin-draft-1"), rulesDraft1);
export const pigginDraft3 = kernelWith(releaseOf("piggin-draft-3"), rulesDraft3);
