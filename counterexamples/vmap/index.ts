/**
 * The catalogue: every bug, in the order of its numbers. A new bug is an entry in one of the tables, a line here, and a
 * folder with its histories.
 */
import type { State } from "../../kernels/vmap/state.ts";
import type { LawId } from "../../spec/contract.ts";
import type { VmapTerms } from "../../spec/vmap/terms.ts";
import { type Attributed, attribute } from "../attribution.ts";
import {
  vbAllocZero,
  vbDirtymapWordCross,
  vbDirtyReflushed,
  vbFragmentDoubleWalk,
  vbFragmentExhaustion,
  vbFullBlockStale,
  vbHashGapCpu,
  vbHeadInsertExhaustion,
} from "./blocks.ts";
import type { Bug, Evidence, PinnedViolation } from "./bug.ts";
import {
  cacheDraftAlignBugon,
  cacheDraftGuardForgotten,
  cacheDraftRangeBugon,
  cacheExactHoleMissed,
  cacheFreeLeavesIt,
  cacheFreeMovesItUp,
  cacheNoAlignTest,
  cacheNoVstartTest,
} from "./cached-search.ts";
import {
  allocOfNothing,
  unmapRamUnchecked,
  vbFreeCountedTwice,
  vfreeInsideObeyed,
  vfreeOfNoneRead,
  vfreeUnlinksAny,
} from "./callers.ts";
import {
  augAlignOverhead,
  augPercpuJump,
  augSearchUnshifted,
  guardBetweenAreas,
  noGuardAdjacency,
  vaGapOffbyone,
  vaLeakOnEnospc,
  vaRestartFromEnd,
} from "./placement.ts";
import {
  aliasesBeforeInit,
  lazyPteLiveAlias,
  nodesBeforeInit,
  purgeFlushesPerArea,
  purgeListUaf,
  vaNotifierFreesNothing,
  vaPoolGivesHigher,
  vaPoolsHideRoom,
  vbDirtyPurgedAround,
  vunmapNoCacheFlush,
} from "./purges.ts";
import {
  alignWrapToZero,
  vaNoWrapCheck,
  vmlistEndUnderflow,
  vmlistOverrunsEnd,
  wrapSizeMinusOne,
} from "./wrap.ts";

export const BUGS: readonly Bug[] = [
  vaGapOffbyone,
  vaRestartFromEnd,
  vaNoWrapCheck,
  vaLeakOnEnospc,
  cacheDraftRangeBugon,
  cacheDraftAlignBugon,
  cacheDraftGuardForgotten,
  cacheExactHoleMissed,
  wrapSizeMinusOne,
  alignWrapToZero,
  augPercpuJump,
  augAlignOverhead,
  noGuardAdjacency,
  guardBetweenAreas,
  purgeListUaf,
  vunmapNoCacheFlush,
  lazyPteLiveAlias,
  aliasesBeforeInit,
  nodesBeforeInit,
  purgeFlushesPerArea,
  vbFragmentExhaustion,
  vbHeadInsertExhaustion,
  vbDirtymapWordCross,
  vbFullBlockStale,
  vbFragmentDoubleWalk,
  vbDirtyReflushed,
  vbHashGapCpu,
  vbAllocZero,
  vbDirtyPurgedAround,
  allocOfNothing,
  unmapRamUnchecked,
  vbFreeCountedTwice,
  vfreeInsideObeyed,
  vfreeUnlinksAny,
  vfreeOfNoneRead,
  vaPoolsHideRoom,
  vaPoolGivesHigher,
  vmlistOverrunsEnd,
  vmlistEndUnderflow,
  cacheNoVstartTest,
  cacheNoAlignTest,
  cacheFreeLeavesIt,
  cacheFreeMovesItUp,
  augSearchUnshifted,
  vaNotifierFreesNothing,
];

/** The bug with this slug or number (`va-gap-offbyone`, `A1`), or undefined. */
export function bugCalled(name: string): Bug | undefined {
  return BUGS.find((bug) => bug.id === name || bug.number === name.toUpperCase());
}

export type AttributedViolation = Attributed<VmapTerms<State>>;

/** Attributes the violations of one reply of a kernel of this wing. */
export function attributeViolations(
  kernel: string,
  violated: readonly { readonly id: LawId }[],
  seen: Omit<Evidence, "law">,
  inherited?: ReadonlySet<PinnedViolation>,
): readonly AttributedViolation[] {
  return attribute(BUGS, kernel, violated, seen, inherited);
}
