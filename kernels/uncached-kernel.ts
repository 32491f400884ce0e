/** The kernels that search from the window's start every time: 2.6.28 to 2.6.37. */
import type { Alloc } from "../spec/commands.ts";
import type { Kernel } from "../spec/kernel.ts";
import type { Promises } from "../spec/releases.ts";
import type { Vpn } from "../spec/vocabulary.ts";
import { flagLazy, gatherFlagged, isFlaggedLazy, type PurgeSteps, purge } from "./purge.ts";
import { searchUncached, type UncachedSearch } from "./search-uncached.ts";
import type { State } from "./state.ts";
import { type Steps, vmapKernel } from "./vmap-kernel.ts";
import { neverWraps } from "./wrap-tests.ts";

/** The steps in which these releases, and their bugs, differ. */
export interface UncachedRules extends UncachedSearch, Pick<PurgeSteps, "unmapGathered" | "release"> {
  /** The search after the purge that a refusal forces. */
  searchAgain(state: State, request: Alloc, rules: UncachedRules): Vpn;
  /** What becomes of a refused call's descriptor. */
  dropUnused(state: State, slot: number): void;
  /** What a free does to PTEs at once. */
  unmapFreed(state: State, slot: number): void;
}

/** A kernel of this family, named after the release unless it is a changed one. */
export function uncachedKernel(release: Promises, rules: UncachedRules, name?: string): Kernel<State> {
  return vmapKernel(release, uncachedSteps(rules), name);
}

/** The steps of a call under these rules. */
export function uncachedSteps(rules: UncachedRules): Steps {
  const purging: PurgeSteps = { gather: gatherFlagged, ...rules };
  const purgeAll = (state: State) => purge(state, purging);
  return {
    search: (state, request) => searchUncached(state, request, rules),
    searchAgain: (state, request) => rules.searchAgain(state, request, rules),
    dropUnused: rules.dropUnused,
    placed: () => {},
    letGo: (state, slot) => {
      rules.unmapFreed(state, slot);
      flagLazy(state, slot);
    },
    purge: purgeAll,
    unmapAliases: purgeAll,
    isLazy: isFlaggedLazy,
    hasCache: false,
    paths: rules.wraps === neverWraps ? [] : ["searchWrapped"],
  };
}
