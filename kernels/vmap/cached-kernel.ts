/** The kernels with a free-area cache: the drafts of 2010, and 2.6.39 to 5.0.1. */
import type { Alloc } from "../../spec/vmap/commands.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import type { Promises } from "../../spec/vmap/releases.ts";
import { inTree } from "./area-index.ts";
import { giveBackDescriptor } from "./areas.ts";
import { bugOn } from "./bug.ts";
import type { Mark } from "./coverage-marks.ts";
import { findByStart } from "./find.ts";
import {
  flagLazy,
  flagNothing,
  flagRemoved,
  gatherFlagged,
  gatherListed,
  isFlaggedLazy,
  isListedLazy,
  listLazy,
  type PurgeSteps,
  purge,
  releaseReadingAhead,
  unmapAtOnce,
  unmapNone,
} from "./purge.ts";
import { type CachedSearch, cachePlaced, searchCached } from "./search-cached.ts";
import { initialState, type State } from "./state.ts";
import { unmapRam, vfreeStray } from "./unmap-calls.ts";
import { type Steps, vmapKernel } from "./vmap-kernel.ts";

/** How a release keeps its lazy areas: by a flag found in the list of all areas, or on a list of their own. */
export interface LazyKeeping
  extends Pick<PurgeSteps, "gather">,
    Pick<Steps, "removed" | "keepLazy" | "isLazy"> {}

/** To 4.6. */
export const byFlag: LazyKeeping = {
  removed: flagNothing,
  keepLazy: flagLazy,
  gather: gatherFlagged,
  isLazy: isFlaggedLazy,
};
/** 4.7 on (80c4bd7a5e4d). */
export const byList: LazyKeeping = {
  removed: flagRemoved,
  keepLazy: listLazy,
  gather: gatherListed,
  isLazy: isListedLazy,
};

/** The steps in which these releases, and their bugs, differ. */
export interface CachedRules
  extends CachedSearch,
    Pick<PurgeSteps, "unmapGathered">,
    Pick<Steps, "flushCache" | "unmapFreed" | "unmapAliases" | "blocks" | "outside"> {
  readonly lazyKeeping: LazyKeeping;
  readonly readsTree?: true;
  readonly obeysNoGuard?: true;
  readonly find?: Steps["find"];
  /** What becomes of the cache before an area is erased. */
  cacheBeforeErase(state: State, slot: number): void;
}

/** 64141da58724 (2.6.37): PTEs go at the free, so a purge finds none. */
export const unmappingAtFree = { unmapFreed: unmapAtOnce, unmapGathered: unmapNone };

/** A kernel of this family, named after the release unless it is a changed one. */
export function cachedKernel(release: Promises, rules: CachedRules, name?: string): Kernel<State> {
  return vmapKernel(release, cachedSteps(rules), name);
}

/** The steps of a call under these rules. */
export function cachedSteps(rules: CachedRules): Steps {
  const { lazyKeeping } = rules;
  const purging: PurgeSteps = {
    gather: lazyKeeping.gather,
    unmapGathered: rules.unmapGathered,
    release: releaseReadingAhead(rules.cacheBeforeErase),
  };
  return {
    initial: initialState,
    busy: inTree,
    search: (state, request) => searchCached(state, request, rules),
    searchAgain: (state, request) => searchCached(state, request, rules),
    dropUnused: (state, slot) => giveBackDescriptor(state.areas, slot),
    placed,
    flushCache: rules.flushCache,
    removed: lazyKeeping.removed,
    unmapFreed: rules.unmapFreed,
    keepLazy: lazyKeeping.keepLazy,
    purgesInline: true,
    purge: (state, dirty) => purge(state, purging, dirty),
    unmapAliases: rules.unmapAliases,
    isLazy: lazyKeeping.isLazy,
    readsTree: rules.readsTree ?? false,
    hasCache: true,
    obeysNoGuard: rules.obeysNoGuard ?? false,
    find: rules.find ?? findByStart,
    unmapRam,
    strayFree: vfreeStray,
    outside: rules.outside,
    blocks: rules.blocks,
    paths: CACHE_PATHS,
  };
}

/** Hit, reset for each reason, fallen back below the window, moved and cleared by a free. */
const CACHE_PATHS: readonly Mark[] = [
  "cacheHit",
  "cacheResetEmpty",
  "cacheResetSmallerSize",
  "cacheResetLowerVstart",
  "cacheResetSmallerAlign",
  "cacheBelowWindow",
  "freeMovedCache",
  "freeClearedCache",
  "searchWrapped",
];

/** Rule 5: the new area is cached, then three assertions on it. The alignment's can be met by no request. */
function placed(state: State, slot: number, request: Alloc): void {
  const { start, end } = state.areas;
  cachePlaced(state, slot);
  bugOn((start[slot] as number) < request.vstart, "va->va_start < vstart");
  bugOn((end[slot] as number) > request.vend, "va->va_end > vend");
}
