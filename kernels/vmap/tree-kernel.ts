/** The kernels that keep free space in a tree: 5.2 and later. */
import type { Kernel } from "../../spec/vmap/kernel.ts";
import type { Promises } from "../../spec/vmap/releases.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import { flushCacheVunmap } from "../hardware/memory.ts";
import { giveBackDescriptor } from "./areas.ts";
import type { BlockRules } from "./block-rules.ts";
import { byStart, findByAnyPage } from "./chains.ts";
import type { Mark } from "./coverage-marks.ts";
import { freeExtents, wholeSpace } from "./free-space.ts";
import { unmapAtOnce } from "./purge.ts";
import { type CongruentSearch, takeCongruent } from "./search-congruent.ts";
import { type TreeSearch, takeFromTree } from "./search-tree.ts";
import { NO_ROOM } from "./search-uncached.ts";
import { initialState, type State } from "./state.ts";
import { unmapRam, vfreeStray } from "./unmap-calls.ts";
import { type Steps, vmapKernel } from "./vmap-kernel.ts";

/** How a release keeps what is lazy, and in which order a purge gives it back to the free space. */
export interface LazyExtents extends Pick<Steps, "removed" | "keepLazy" | "isLazy" | "purge"> {
  /** In which order a purge gives it back. */
  readonly order: NonNullable<Steps["freeTree"]>;
  /** What a dump shows of it; undefined where lazy areas stand among the others. */
  shown(state: State): ReturnType<NonNullable<Steps["dumpMore"]>>["purge"];
}

/** The steps in which these releases, and their bugs, differ. */
export interface TreeRules
  extends TreeSearch,
    CongruentSearch,
    Pick<Steps, "purgesInline" | "unmapAliases" | "obeysNoGuard" | "outside"> {
  readonly lazyExtents: LazyExtents;
  readonly blocks: BlockRules;
}

/** A kernel of this family, named after the release unless it is a changed one. */
export function treeKernel(release: Promises, rules: TreeRules, name?: string): Kernel<State> {
  return vmapKernel(release, treeSteps(rules), name);
}

/** The steps of a call under these rules. */
export function treeSteps(rules: TreeRules): Steps {
  const { lazyExtents } = rules;
  const search: Steps["search"] = (state, request) =>
    state.initialised ? takeFromTree(state, request, rules) : NO_ROOM;
  return {
    initial,
    busy: byStart,
    search,
    searchAgain: search,
    takeCongruent: (state, congruent) => takeCongruent(state, congruent, rules),
    dropUnused: (state, slot) => giveBackDescriptor(state.areas, slot),
    placed: () => {},
    flushCache: flushCacheVunmap,
    removed: lazyExtents.removed,
    unmapFreed: unmapAtOnce,
    keepLazy: rules.purgesInline ? lazyExtents.keepLazy : wakingWorker(lazyExtents.keepLazy),
    purgesInline: rules.purgesInline,
    purge: lazyExtents.purge,
    unmapAliases: rules.unmapAliases,
    isLazy: lazyExtents.isLazy,
    dumpMore: (state) => ({ free: freeExtents(state.free), purge: lazyExtents.shown(state) }),
    readsTree: false,
    freeTree: lazyExtents.order,
    hasCache: false,
    obeysNoGuard: rules.obeysNoGuard,
    // A kernel with a tree of free space knows the flag, whether or not it does as it says.
    warnsOfNoGuard: !rules.obeysNoGuard,
    find: findByAnyPage,
    unmapRam,
    strayFree: vfreeStray,
    outside: rules.outside,
    blocks: rules.blocks,
    paths: TREE_PATHS,
  };
}

/** 690467c81b1a (5.18): whatever becomes lazy may be too much, also in the midst of a purge. */
function wakingWorker(keepLazy: Steps["keepLazy"]): Steps["keepLazy"] {
  return (state, slot) => {
    keepLazy(state, slot);
    if (state.lazyPages > state.lazyMaxPages) state.drainWaits = true;
  };
}

function initial(scope: Scope): State {
  return { ...initialState(scope), free: wholeSpace(scope.wordPages) };
}

/** Each way in which a request fits an extent, and the way back up the tree. */
export const TREE_PATHS: readonly Mark[] = [
  "fitWhole",
  "fitLeftEdge",
  "fitRightEdge",
  "fitInside",
  "searchWentBack",
];
