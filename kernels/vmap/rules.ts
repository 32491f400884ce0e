/**
 * The rules in which releases, and their bugs, differ, and the steps of a call that follow from them. A bug is the rules
 * of a release with one replaced; releases.ts makes them from what the commits changed.
 */
import type { Alloc } from "../../spec/vmap/commands.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import type { Promises } from "../../spec/vmap/promises.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import type { Vpn } from "../../spec/vmap/vocabulary.ts";
import type { Facts } from "../changes.ts";
import { inTree } from "./area-index.ts";
import { bugOn } from "./bug.ts";
import { byStart } from "./chains.ts";
import type { Mark } from "./coverage-marks.ts";
import { freeExtents, wholeSpace } from "./free-space.ts";
import { byNode, noteNode, shownPools, takeFromPool } from "./nodes.ts";
import { purge, releaseReadingAhead } from "./purge.ts";
import { type CachedSearch, cachePlaced, searchCached } from "./search-cached.ts";
import { type PercpuSearch, takeCongruent } from "./search-congruent.ts";
import { type TreeSearch, takeFromTree } from "./search-tree.ts";
import { NO_ROOM, searchUncached, type UncachedSearch } from "./search-uncached.ts";
import { initialState, type State } from "./state.ts";
import type { LazyExtents, LazyKeeping, PurgeSteps, Steps } from "./steps.ts";
import { unmapRam, vfreeStray } from "./unmap-calls.ts";
import { vmapKernel } from "./vmap-kernel.ts";
import { neverWraps } from "./word-arithmetic.ts";

/** What a release's own search does not read is present nevertheless. */
export interface Rules
  extends CachedSearch,
    TreeSearch,
    PercpuSearch,
    Pick<PurgeSteps, "unmapGathered" | "release">,
    Pick<Steps, "dropUnused" | "flushCache" | "unmapFreed" | "unmapAliases" | "purgesInline" | "readsTree">,
    Pick<Steps, "obeysNoGuard" | "warnsOfNoGuard" | "noblock" | "find" | "outside" | "blocks"> {
  readonly searchIn: Facts["search"];
  /** The search without a cache, after the purge that a refusal forces. */
  searchAgain(state: State, request: Alloc, rules: UncachedSearch): Vpn;
  readonly lazyKeeping: LazyKeeping;
  /** What happens to the cache before an area is erased. */
  cacheBeforeErase(state: State, slot: number): void;
  readonly lazyExtents: LazyExtents;
  /** Whether there are nodes, with pools. */
  readonly onNodes: boolean;
}

/** A kernel with these rules, named after the release unless it is a changed one. */
export function kernelWith(release: Promises, rules: Rules, name?: string): Kernel<State> {
  return vmapKernel(release, stepsFrom(rules), name);
}

/** The steps of a call under these rules. */
export function stepsFrom(rules: Rules): Steps {
  if (rules.searchIn === "free space")
    return rules.onNodes ? onNodes(inFreeSpace(rules)) : inFreeSpace(rules);
  return rules.searchIn === "areas" ? amongAreas(rules) : fromCache(rules);
}

/** The steps that the rules themselves are. */
function ownSteps(rules: Rules) {
  const { dropUnused, flushCache, unmapFreed, unmapAliases, purgesInline, readsTree } = rules;
  const { obeysNoGuard, warnsOfNoGuard, noblock, find, outside, blocks } = rules;
  return {
    ...{ dropUnused, flushCache, unmapFreed, unmapAliases, purgesInline, readsTree },
    ...{ obeysNoGuard, warnsOfNoGuard, noblock, find, outside, blocks },
    unmapRam,
    strayFree: vfreeStray,
  };
}

/** To 5.1 busy areas are a tree, and lazy ones stand in it. */
function withTreeOfAreas(rules: Rules, release: PurgeSteps["release"]) {
  const { removed, keepLazy, isLazy, gather } = rules.lazyKeeping;
  const purging: PurgeSteps = { gather, unmapGathered: rules.unmapGathered, release };
  return {
    ...ownSteps(rules),
    ...{ removed, keepLazy, isLazy },
    initial: initialState,
    busy: inTree,
    purge: (state, dirty) => purge(state, purging, dirty),
  } satisfies Partial<Steps>;
}

/** Every search begins at the window's start: 2.6.28 to 2.6.37. */
function amongAreas(rules: Rules): Steps {
  return {
    ...withTreeOfAreas(rules, rules.release),
    search: (state, request) => searchUncached(state, request, rules),
    searchAgain: (state, request) => rules.searchAgain(state, request, rules),
    placed: () => {},
    hasCache: false,
    paths: rules.wraps === neverWraps ? [] : ["searchWrapped"],
  };
}

/** A search begins where the last one ended: the drafts of 2010, and 2.6.39 to 5.0.1. */
function fromCache(rules: Rules): Steps {
  return {
    ...withTreeOfAreas(rules, releaseReadingAhead(rules.cacheBeforeErase)),
    search: (state, request) => searchCached(state, request, rules),
    searchAgain: (state, request) => searchCached(state, request, rules),
    placed: cacheAndCheck,
    hasCache: true,
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

/** Rule 5: the new area is cached, then three assertions on it. No request can trigger that on the alignment. */
function cacheAndCheck(state: State, slot: number, request: Alloc): void {
  const { start, end } = state.areas;
  cachePlaced(state, slot);
  bugOn((start[slot] as number) < request.vstart, "va->va_start < vstart");
  bugOn((end[slot] as number) > request.vend, "va->va_end > vend");
}

/** Free space is a tree: 5.2 and later. */
function inFreeSpace(rules: Rules): Steps {
  const { removed, keepLazy, isLazy, purge, order, shown } = rules.lazyExtents;
  const search: Steps["search"] = (state, request) =>
    state.initialised ? takeFromTree(state, request, rules) : NO_ROOM;
  return {
    ...ownSteps(rules),
    ...{ removed, isLazy, purge },
    initial: (scope: Scope) => ({ ...initialState(scope), free: wholeSpace(scope.wordPages) }),
    busy: byStart,
    search,
    searchAgain: search,
    takeCongruent: (state, congruent) => takeCongruent(state, congruent, rules),
    placed: () => {},
    keepLazy: rules.purgesInline ? keepLazy : wakingWorker(keepLazy),
    dumpMore: (state) => ({ free: freeExtents(state.free), purge: shown(state) }),
    freeTree: order,
    hasCache: false,
    paths: TREE_PATHS,
  };
}

/** 690467c81b1a (5.18): every page that becomes lazy may exceed the limit, also during a purge. */
function wakingWorker(keepLazy: Steps["keepLazy"]): Steps["keepLazy"] {
  return (state, slot) => {
    keepLazy(state, slot);
    if (state.lazyPages > state.lazyMaxPages) state.drainWaits = true;
  };
}

/** Each way in which a request fits an extent, and the way back up the tree. */
const TREE_PATHS: readonly Mark[] = [
  "fitWhole",
  "fitLeftEdge",
  "fitRightEdge",
  "fitInside",
  "searchWentBack",
];

/** Areas belong to nodes, and what is released is kept in pools: 6.9 and later. */
function onNodes(steps: Steps): Steps {
  return {
    ...steps,
    // The pools are asked once: after a purge they are empty.
    search: (state, request) => {
      const pooled = state.initialised ? takeFromPool(state, request) : NO_ROOM;
      return pooled === NO_ROOM ? steps.search(state, request) : pooled;
    },
    placed: noteNode,
    orderAreas: byNode,
    dumpMore: (state) => ({ ...steps.dumpMore?.(state), pool: shownPools(state) }),
    paths: [...steps.paths, "placedFromPool"],
  };
}
