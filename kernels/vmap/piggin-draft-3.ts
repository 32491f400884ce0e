/**
 * The later draft of the free-area cache (25 May 2010 to January 2011), never released: modelled from seed
 * 002 and catalogue A7, A8, not from a recording. Past an area that begins below the address it aligns the
 * address and asserts that the next area does not begin below it; aligning by more than a page can jump past
 * that start. This is the BUG_ON alignment case (A7).
 */
import { releaseOf } from "../../spec/vmap/releases.ts";
import { bugOn } from "./bug.ts";
import { cachedKernel } from "./cached-kernel.ts";
import { rulesDrafts, type StepOver, startStepping } from "./piggin-drafts.ts";
import type { State } from "./state.ts";
import { add, align } from "./word-arithmetic.ts";

const stepOver: StepOver = (state, first, addr, request) => {
  const behind = add(state.word, state.areas.end[first] as number, 1);
  return align(state.word, Math.max(behind, addr), request.align);
};

const checkNext = (state: State, first: number, addr: number) =>
  bugOn((state.areas.start[first] as number) < addr, "first->va_start < addr");

export const rulesDraft3 = { ...rulesDrafts, startUncached: startStepping(stepOver, checkNext) };

export const pigginDraft3 = cachedKernel(releaseOf("piggin-draft-3"), rulesDraft3);
