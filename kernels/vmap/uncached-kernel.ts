/** The kernels that search from the window's start every time: 2.6.28 to 2.6.37. */
import type { Alloc } from "../../spec/vmap/commands.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import type { Promises } from "../../spec/vmap/releases.ts";
import type { Vpn } from "../../spec/vmap/vocabulary.ts";
import { inTree } from "./area-index.ts";
import { findByStart } from "./find.ts";
import { flagLazy, flagNothing, gatherFlagged, isFlaggedLazy, type PurgeSteps, purge } from "./purge.ts";
import { searchUncached, type UncachedSearch } from "./search-uncached.ts";
import { initialState, type State } from "./state.ts";
import { unmapRam, vfreeStray } from "./unmap-calls.ts";
import { type Steps, vmapKernel } from "./vmap-kernel.ts";
import { neverWraps } from "./wrap-tests.ts";

/** The steps in which these releases, and their bugs, differ. */
export interface UncachedRules
  extends UncachedSearch,
    Pick<PurgeSteps, "unmapGathered" | "release">,
    Pick<Steps, "flushCache" | "unmapFreed" | "unmapAliases" | "blocks" | "outside"> {
  /** The search after the purge that a refusal forces. */
  searchAgain(state: State, request: Alloc, rules: UncachedRules): Vpn;
  /** What becomes of a refused call's descriptor. */
  dropUnused(state: State, slot: number): void;
}

/** A kernel of this family, named after the release unless it is a changed one. */
export function uncachedKernel(release: Promises, rules: UncachedRules, name?: string): Kernel<State> {
  return vmapKernel(release, uncachedSteps(rules), name);
}

/** The steps of a call under these rules. */
export function uncachedSteps(rules: UncachedRules): Steps {
  const purging: PurgeSteps = { gather: gatherFlagged, ...rules };
  return {
    initial: initialState,
    busy: inTree,
    search: (state, request) => searchUncached(state, request, rules),
    searchAgain: (state, request) => rules.searchAgain(state, request, rules),
    dropUnused: rules.dropUnused,
    placed: () => {},
    flushCache: rules.flushCache,
    removed: flagNothing,
    unmapFreed: rules.unmapFreed,
    keepLazy: flagLazy,
    purgesInline: true,
    purge: (state, dirty) => purge(state, purging, dirty),
    unmapAliases: rules.unmapAliases,
    isLazy: isFlaggedLazy,
    readsTree: false,
    hasCache: false,
    obeysNoGuard: false,
    find: findByStart,
    unmapRam,
    strayFree: vfreeStray,
    outside: rules.outside,
    blocks: rules.blocks,
    paths: rules.wraps === neverWraps ? [] : ["searchWrapped"],
  };
}
