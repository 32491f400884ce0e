/** The catalogue: every bug, in the order of its numbers. A new bug is one folder and one line here. */
import type { State } from "../../kernels/vmap/state.ts";
import type { LawId } from "../../spec/contract.ts";
import type { VmapTerms } from "../../spec/vmap/terms.ts";
import { type Attributed, attribute } from "../attribution.ts";
import { aliasesBeforeInit } from "./aliases-before-init/bug.ts";
import { alignWrapToZero } from "./align-wrap-to-zero/bug.ts";
import { allocOfNothing } from "./alloc-of-nothing/bug.ts";
import { augAlignOverhead } from "./aug-align-overhead/bug.ts";
import { augPercpuJump } from "./aug-percpu-jump/bug.ts";
import { augSearchUnshifted } from "./aug-search-unshifted/bug.ts";
import type { Bug, Evidence, PinnedViolation } from "./bug.ts";
import { cacheDraftAlignBugon } from "./cache-draft-align-bugon/bug.ts";
import { cacheDraftGuardForgotten } from "./cache-draft-guard-forgotten/bug.ts";
import { cacheDraftRangeBugon } from "./cache-draft-range-bugon/bug.ts";
import { cacheExactHoleMissed } from "./cache-exact-hole-missed/bug.ts";
import { cacheFreeLeavesIt } from "./cache-free-leaves-it/bug.ts";
import { cacheFreeMovesItUp } from "./cache-free-moves-it-up/bug.ts";
import { cacheNoAlignTest } from "./cache-no-align-test/bug.ts";
import { cacheNoVstartTest } from "./cache-no-vstart-test/bug.ts";
import { guardBetweenAreas } from "./guard-between-areas/bug.ts";
import { lazyPteLiveAlias } from "./lazy-pte-live-alias/bug.ts";
import { noGuardAdjacency } from "./no-guard-adjacency/bug.ts";
import { nodesBeforeInit } from "./nodes-before-init/bug.ts";
import { purgeFlushesPerArea } from "./purge-flushes-per-area/bug.ts";
import { purgeListUaf } from "./purge-list-uaf/bug.ts";
import { unmapRamUnchecked } from "./unmap-ram-unchecked/bug.ts";
import { vaGapOffbyone } from "./va-gap-offbyone/bug.ts";
import { vaLeakOnEnospc } from "./va-leak-on-enospc/bug.ts";
import { vaNoWrapCheck } from "./va-no-wrap-check/bug.ts";
import { vaNotifierFreesNothing } from "./va-notifier-frees-nothing/bug.ts";
import { vaPoolGivesHigher } from "./va-pool-gives-higher/bug.ts";
import { vaPoolsHideRoom } from "./va-pools-hide-room/bug.ts";
import { vaRestartFromEnd } from "./va-restart-from-end/bug.ts";
import { vbAllocZero } from "./vb-alloc-zero/bug.ts";
import { vbDirtyPurgedAround } from "./vb-dirty-purged-around/bug.ts";
import { vbDirtyReflushed } from "./vb-dirty-reflushed/bug.ts";
import { vbDirtymapWordCross } from "./vb-dirtymap-word-cross/bug.ts";
import { vbFragmentDoubleWalk } from "./vb-fragment-double-walk/bug.ts";
import { vbFragmentExhaustion } from "./vb-fragment-exhaustion/bug.ts";
import { vbFreeCountedTwice } from "./vb-free-counted-twice/bug.ts";
import { vbFullBlockStale } from "./vb-full-block-stale/bug.ts";
import { vbHashGapCpu } from "./vb-hash-gap-cpu/bug.ts";
import { vbHeadInsertExhaustion } from "./vb-head-insert-exhaustion/bug.ts";
import { vfreeInsideObeyed } from "./vfree-inside-obeyed/bug.ts";
import { vfreeOfNoneRead } from "./vfree-of-none-read/bug.ts";
import { vfreeUnlinksAny } from "./vfree-unlinks-any/bug.ts";
import { vmlistEndUnderflow } from "./vmlist-end-underflow/bug.ts";
import { vmlistOverrunsEnd } from "./vmlist-overruns-end/bug.ts";
import { vunmapNoCacheFlush } from "./vunmap-no-cache-flush/bug.ts";
import { wrapSizeMinusOne } from "./wrap-size-minus-one/bug.ts";

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
