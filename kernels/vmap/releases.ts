/**
 * The rules of each release, from what the commits changed (kernels/changes.ts): each fact selects one way to take a
 * step. The recordings test whether the answers are those of the releases (adapters/vmap/conform.test.ts).
 */
import { isLittleLeft } from "../../spec/vmap/scope.ts";
import { type Facts, factsOf } from "../changes.ts";
import { flushCacheVunmap } from "../hardware/memory.ts";
import { giveBackDescriptor } from "./areas.ts";
import * as blocks from "./block-rules.ts";
import { addAtHead, addAtTail } from "./blocks.ts";
import * as chains from "./chains.ts";
import * as find from "./find.ts";
import * as extents from "./lazy-extents.ts";
import * as nodes from "./nodes.ts";
import * as purge from "./purge.ts";
import type { Rules } from "./rules.ts";
import { cacheBeforeErase, reasonsToReset, startAtWindow } from "./search-cached.ts";
import { extentBelow, sameExtent } from "./search-congruent.ts";
import { plainSize, withOverhead, withOverheadAbovePage } from "./search-tree.ts";
import { anyAddress, notBelowWindow, searchUncached } from "./search-uncached.ts";
import type { LazyExtents, LazyKeeping } from "./steps.ts";
import { sweepAllBlocks, unmapAliases } from "./vmap-kernel.ts";
import { align, endWraps, lastByteWraps, neverWraps } from "./word-arithmetic.ts";

const WRAPS = { "no test": neverWraps, "its last byte": lastByteWraps, "its end": endWraps };

const LOOKED_FOR = {
  "size and alignment": withOverhead,
  "the size": plainSize,
  "the size, with an alignment above a page": withOverheadAbovePage,
};

const FLAGGED: LazyKeeping = {
  removed: purge.flagNothing,
  keepLazy: purge.flagLazy,
  gather: purge.gatherFlagged,
  isLazy: purge.isFlaggedLazy,
};
const LISTED: LazyKeeping = {
  removed: purge.flagRemoved,
  keepLazy: purge.listLazy,
  gather: purge.gatherListed,
  isLazy: purge.isListedLazy,
};

const DECAY = { "a quarter, or all of a few": nodes.quarterOrAll, "a quarter": nodes.quarter };

function lazyExtentsOf({ lazyAreas, decay }: Facts): LazyExtents {
  if (lazyAreas === "on nodes") return nodes.onNodes(DECAY[decay]);
  if (lazyAreas === "by address") return extents.byAddress;
  return lazyAreas === "apart" ? extents.apart : extents.amongAreas;
}

function findOf({ finds, search }: Facts): Rules["find"] {
  if (finds === "by any page, on nodes") return nodes.findOnLockedNodes;
  if (finds === "by any page, once initialised") return nodes.findOnNodes;
  if (search === "free space") return chains.findByAnyPage;
  return finds === "by any page" ? find.findByAnyPage : find.findByStart;
}

const DIRTY = {
  bitmap: blocks.dirtyBitmap,
  "bitmap, checked": blocks.dirtyBitmapChecked,
  "bitmap of one word": blocks.dirtyBitmapOfOneWord,
  range: blocks.dirtyRange,
};
const INDEXED_ON = {
  "one for all": undefined,
  "any CPU": blocks.anyOfSoMany,
  "a possible CPU": blocks.nextPossible,
};

function blockRulesFrom(facts: Facts): blocks.BlockRules {
  return {
    find: facts.pagesFrom === "lowest region" ? blocks.findRegion : blocks.findBehind,
    list: facts.newBlock === "first" ? addAtHead : addAtTail,
    bornTaken: facts.bornTaken,
    purgesFragments: facts.purgesFragments,
    lazyPtes: facts.lazyPtes,
    dirty: DIRTY[facts.dirty],
    looksAt: facts.looksAt === "all" ? blocks.allOfThem : blocks.listedOnes,
    isLittleLeft,
    mapOfNothing: facts.mapOfNothing,
    flags: facts.flagsAreas ? { map: 1, block: 3 } : { map: 0, block: 0 },
    indexedOn: INDEXED_ON[facts.indexedOn],
    recordsCpu: facts.cpuWritten !== "never",
  };
}

/** Of any version. */
export function rulesFrom(facts: Facts): Rules {
  const { guard, lazyPtes } = facts;
  return {
    searchIn: facts.search,
    wraps: WRAPS[facts.wraps],
    ...guard,
    align,
    acceptable: facts.refusesBelowWindow ? notBelowWindow : anyAddress,
    searchAgain: searchUncached,
    reasonsToReset,
    startUncached: startAtWindow,
    cacheBeforeErase,
    lookedFor: LOOKED_FOR[facts.looksFor],
    shiftsStart: facts.looksFor !== "size and alignment",
    endsAbove: facts.percpuFrom === "the extent" ? sameExtent : extentBelow,
    readsTree: false,
    dropUnused: facts.leaksDescriptor ? () => {} : (state, slot) => giveBackDescriptor(state.areas, slot),
    unmapFreed: lazyPtes ? () => {} : purge.unmapAtOnce,
    unmapGathered: lazyPtes ? purge.unmapEach : purge.unmapNone,
    release: facts.readsFreedLink ? purge.releaseReadingBehind : purge.releaseReadingAhead(() => {}),
    lazyKeeping: facts.lazyAreas === "flagged" ? FLAGGED : LISTED,
    lazyExtents: lazyExtentsOf(facts),
    onNodes: facts.lazyAreas === "on nodes",
    purgesInline: !facts.worker,
    flushCache: flushCacheVunmap,
    unmapAliases: facts.collectsOnce ? sweepAllBlocks : unmapAliases,
    obeysNoGuard: facts.obeysNoGuard,
    warnsOfNoGuard: facts.warnsOfNoGuard,
    noblock: facts.noblock,
    find: findOf(facts),
    outside: facts,
    blocks: blockRulesFrom(facts),
  };
}

const KNOWN = new Map<string, Rules>();

/** The rules of a release, by its label, or of any version: always the same ones. */
export function rulesOf(label: string): Rules {
  const rules = KNOWN.get(label) ?? rulesFrom(factsOf(label));
  KNOWN.set(label, rules);
  return rules;
}
