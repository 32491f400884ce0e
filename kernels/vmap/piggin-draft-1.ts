/**
 * The first draft of the free-area cache (5 May 2010), never released: modelled from 89699605 and catalogue
 * A6, A8, not from a recording. An area that begins below the address is taken to reach up to it, and that is
 * asserted; the descent also ends on areas that lie wholly below, so the assertion is false as soon as a
 * window starts above some area (A6).
 */
import { releaseOf } from "../../spec/vmap/releases.ts";
import { bugOn } from "./bug.ts";
import { cachedKernel } from "./cached-kernel.ts";
import { rulesDrafts, type StepOver, startStepping } from "./piggin-drafts.ts";
import { add, align } from "./word-arithmetic.ts";

const stepOver: StepOver = (state, first, addr, request) => {
  const end = state.areas.end[first] as number;
  bugOn(end < addr, "first->va_end < addr");
  return align(state.word, add(state.word, end, 1), request.align);
};

export const rulesDraft1 = { ...rulesDrafts, startUncached: startStepping(stepOver, () => {}) };

export const pigginDraft1 = cachedKernel(releaseOf("piggin-draft-1"), rulesDraft1);
