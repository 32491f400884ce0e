/**
 * Everything in the state of a kernel that a later reply may depend on, whatever callers do. Left out is what no
 * reply shows: in which slots areas and blocks lie, which frame a frame is, counters that only grow (frames and
 * descriptors ever taken), in which order areas were freed, and the shape of the tree, unless areas overlap or the
 * kernel reads it. Where callers only allocate, free and purge, more is merged that these callers cannot distinguish.
 * Tests compare states with equal fingerprints with one another, action by action: concrete ones
 * (properties/vmap/state-fingerprint.long.test.ts), and of merged ones all there are in a small space (properties/vmap/merging.long.test.ts).
 */
import { type Fingerprint, LIST_END } from "../../spec/fingerprint.ts";
import type { Callers, StateIdentity } from "../../spec/vmap/kernel.ts";
import type { GuardRule } from "../../spec/vmap/promises.ts";
import { lazyMaxPages, type Scope } from "../../spec/vmap/scope.ts";
import type { Pages, Pfn, Vpn } from "../../spec/vmap/vocabulary.ts";
import type { Memory } from "../hardware/memory.ts";
import { type Frames, frameOf, type PageMap, pagesOf } from "../hardware/page-map.ts";
import type { TreeLinks } from "../structures/rbtree.ts";
import type { AreaIndex } from "./area-index.ts";
import { type Areas, NONE } from "./areas.ts";
import { type Blocks, blockAt } from "./blocks.ts";
import { pooledExtents } from "./pools.ts";
import type { State } from "./state.ts";

/** What a kernel's own steps say of its areas. */
export interface AreaSteps {
  readonly busy: Pick<AreaIndex, "list">;
  isLazy(state: State, slot: number): boolean;
  /** Whether the result of a search, or what it records, depends on the tree's shape, as with the drafts. */
  readonly readsTree: boolean;
  /**
   * Of a kernel with a tree of free space, whose shape is part of its states: whether a purge gives extents back in the
   * order in which they were freed, or by address.
   */
  readonly freeTree?: FreeTree;
}

type FreeTree = "given back in order" | "given back by address";

/** What is merged where callers do areas alone. */
interface Merging {
  /** Of any request, with the guard page inside the area. */
  readonly largest: Pages;
  /** Pages between two areas below which nothing fits there. */
  readonly usableGap: Pages;
  readonly windowStarts: readonly Vpn[];
  /** Whether enough pages can be lazy that a free purges. If not, their number makes no difference. */
  readonly countsLazy: boolean;
  /**
   * Neighbouring lazy areas may be merged into one. Not if a kernel reads a tree's shape: there two areas may differ
   * from one.
   */
  readonly joins: boolean;
}

const NO_CACHED_AREA = "no cached area: its other fields do not matter";
const LARGE_HOLE = "a hole larger than any request: as good as no cached area";
const JOINED =
  "neighbouring lazy areas between which nothing fits: one area, if no window begins there and the lower is not the cached one";

/** How states of these steps are distinguished on machines of this scope, for callers who do this. */
export function identityOf(
  scope: Scope,
  guard: GuardRule,
  steps: AreaSteps,
  { pin, areasAlone }: Callers,
): StateIdentity<State> {
  const merging = areasAlone ? mergingFor(scope, guard, steps) : undefined;
  const ofCache = merging === undefined || steps.freeTree !== undefined ? [] : [NO_CACHED_AREA, LARGE_HOLE];
  return {
    reductions: merging?.joins ? [...ofCache, JOINED] : ofCache,
    add: (state, to) => {
      to.add(state.initialised ? 1 : 0);
      if (merging === undefined || merging.countsLazy) to.add(state.lazyPages);
      const cached = addAreas(state, to, steps, merging);
      if (steps.freeTree !== undefined) addFreeSpace(state, to, steps.freeTree);
      if (merging !== undefined) {
        // There are no blocks, and nothing is mapped.
        addCacheMerged(state, to, merging, cached);
        return;
      }
      addCache(state, to);
      addBlocks(state, to);
      addHardware(state.memory, pin, to);
    },
  };
}

function mergingFor(scope: Scope, guard: GuardRule, { readsTree, freeTree }: AreaSteps): Merging {
  const base = Math.min(...scope.windows.map(({ vstart }) => vstart));
  const end = Math.max(...scope.windows.map(({ vend }) => vend)) + guard.inside;
  return {
    largest: Math.max(...scope.sizes) + guard.inside,
    // Not the page kept before the next area: some kernels promise that page and forget it (A8).
    usableGap: guard.afterArea + Math.min(...scope.sizes) + guard.inside,
    windowStarts: scope.windows.map(({ vstart }) => vstart),
    countsLazy: lazyMaxPages(scope) < end - base,
    joins: !readsTree && freeTree === undefined,
  };
}

/**
 * By address, which is the list's order. Returns the start of the cached area, as it was added: perhaps merged with the
 * lazy one below it; NONE if there is none, or if its hole makes it equivalent to none.
 */
function addAreas(state: State, to: Fingerprint, steps: AreaSteps, merging: Merging | undefined): Vpn {
  const { areas, freeVmapCache } = state;
  const { busy, isLazy, readsTree, freeTree } = steps;
  busy.list(areas);
  const isUsed = merging === undefined || state.cachedHoleSize <= merging.largest;
  let cached = NONE;
  let isSorted = true;
  let lastEnd = 0;
  // Where the lazy area begins that the next one may be joined to; NONE if there is none.
  let joinable = NONE;
  for (let slot = areas.listHead; slot !== NONE; slot = areas.listNext[slot] as number) {
    const start = areas.start[slot] as number;
    const end = areas.end[slot] as number;
    const lazy = isLazy(state, slot);
    const joins = joinable !== NONE && lazy && isSeamDead(merging as Merging, lastEnd, start, end);
    // The end of an area that is not joined to comes with what follows it.
    if (!joins) {
      to.add(lastEnd);
      to.add(start);
      to.add(((areas.flags[slot] as number) << 1) | (lazy ? 1 : 0));
    }
    const isCached = isUsed && slot === freeVmapCache;
    if (isCached) cached = joins ? joinable : start;
    if (start < lastEnd || end <= start) isSorted = false;
    // Where a search begins after the cached area depends on that area's own end.
    if (merging?.joins !== true || !lazy || isCached) joinable = NONE;
    else if (!joins) joinable = start;
    lastEnd = end;
  }
  to.add(lastEnd);
  to.add(LIST_END);
  if (freeTree !== undefined || (isSorted && !readsTree)) return cached;
  // Which of two overlapping areas a search reaches first depends on the shape of the tree, and on the order of frees.
  addTree(areas, areas.root, to);
  for (let slot = state.purgeHead; slot !== NONE; slot = areas.purgeNext[slot] as number) {
    to.add(placeInList(areas, slot));
  }
  to.add(LIST_END);
  return cached;
}

/** Whether nothing fits between two areas, and no window begins where only one of them would be below it. */
function isSeamDead({ usableGap, windowStarts }: Merging, lastEnd: Vpn, start: Vpn, end: Vpn): boolean {
  if (start - lastEnd >= usableGap) return false;
  for (let nth = 0; nth < windowStarts.length; nth++) {
    const window = windowStarts[nth] as Vpn;
    if (lastEnd < window && window <= end) return false;
  }
  return true;
}

/** The free tree, what is lazy, in the order it is given back in, and the pools. */
function addFreeSpace({ areas, free, pools, purgeHead }: State, to: Fingerprint, freeTree: FreeTree): void {
  addTree(free, free.root, to);
  const lazy: number[] = [];
  for (let slot = purgeHead; slot !== NONE; slot = areas.purgeNext[slot] as number) lazy.push(slot);
  if (freeTree === "given back by address") {
    lazy.sort((a, b) => (areas.start[a] as number) - (areas.start[b] as number));
  }
  for (const slot of lazy) {
    to.add(areas.start[slot] as number);
    to.add(areas.end[slot] as number);
    to.add(areas.flags[slot] as number);
  }
  to.add(LIST_END);
  if (pools.count > 0) {
    for (const { node, start, end } of pooledExtents(pools)) {
      to.add(node);
      to.add(start);
      to.add(end);
    }
  }
  to.add(LIST_END);
}

function addTree(areas: TreeLinks, node: number, to: Fingerprint): void {
  if (node === NONE) {
    to.add(LIST_END);
    return;
  }
  to.add(areas.red[node] as number);
  addTree(areas, areas.left[node] as number, to);
  addTree(areas, areas.right[node] as number, to);
}

/** How many areas the list has before this one; LIST_END if it is not there. */
function placeInList(areas: Areas, wanted: number): number {
  let place = 0;
  for (let slot = areas.listHead; slot !== NONE; slot = areas.listNext[slot] as number) {
    if (slot === wanted) return place;
    place += 1;
  }
  return LIST_END;
}

/** The free-area cache for callers who do areas alone. */
function addCacheMerged(state: State, to: Fingerprint, { largest }: Merging, cached: Vpn): void {
  // Each request resets a cache without an area, and one whose hole is larger than it asks for.
  if (state.freeVmapCache === NONE || state.cachedHoleSize > largest) return;
  to.add(cached);
  to.add(state.cachedHoleSize);
  to.add(state.cachedVstart);
  to.add(state.cachedAlign);
}

/** The free-area cache, whole: a change to it may read a field when the kernel would not. */
function addCache(state: State, to: Fingerprint): void {
  const { areas, freeVmapCache } = state;
  to.add(freeVmapCache === NONE ? 0 : 1);
  if (freeVmapCache !== NONE) {
    // An extent as well: a kernel that forgot to update its cache points at an area on no list.
    to.add(placeInList(areas, freeVmapCache));
    to.add(areas.start[freeVmapCache] as number);
    to.add(areas.end[freeVmapCache] as number);
  }
  to.add(state.cachedHoleSize);
  to.add(state.cachedVstart);
  to.add(state.cachedAlign);
}

/** Blocks by address, then each CPU's list in its order. */
function addBlocks(state: State, to: Fingerprint): void {
  const { areas, blocks } = state;
  to.add(blocks.count);
  if (blocks.count === 0) return;
  for (const number of pagesOf(blocks.index)) addBlock(areas, blocks, frameOf(blocks.index, number) - 1, to);
  for (let cpu = 0; cpu < blocks.head.length; cpu++) {
    for (let block = blocks.head[cpu] as number; block !== NONE; block = blocks.next[block] as number) {
      const start = startOf(areas, blocks, block);
      to.add(start);
      // Where blocks overlap, the index has only one of them.
      if (blockAt(blocks, start) !== block) addBlock(areas, blocks, block, to);
    }
    to.add(LIST_END);
  }
}

function startOf(areas: Areas, blocks: Blocks, block: number): number {
  return areas.start[blocks.area[block] as number] as number;
}

function addBlock(areas: Areas, blocks: Blocks, block: number, to: Fingerprint): void {
  to.add(startOf(areas, blocks, block));
  to.add(blocks.free[block] as number);
  to.add(blocks.dirty[block] as number);
  to.add(blocks.dirtyMin[block] as number);
  to.add(blocks.dirtyMax[block] as number);
  to.add(blocks.cpu[block] as number);
  to.add(blocks.listed[block] as number);
  const base = block * blocks.pages;
  let bits = 0;
  for (let page = 0; page < blocks.pages; page++) {
    bits =
      (bits << 2) | ((blocks.given[base + page] as number) << 1) | (blocks.givenBack[base + page] as number);
    if ((page & 7) === 7) {
      to.add(bits);
      bits = 0;
    }
  }
  to.add(bits);
}

/** The allocator's surroundings. If no caller pins frames, it makes no difference which are free. */
export function addHardware(memory: Memory, pin: boolean, to: Fingerprint): void {
  addMemory(memory, to);
  if (pin) addFreeFrames(memory.frames, to);
}

export function addMemory(memory: Memory, to: Fingerprint): void {
  addPages(memory.pageTable, to);
  addPages(memory.held, to);
  for (let cpu = 0; cpu < memory.tlbs.length; cpu++) addPages(memory.tlbs[cpu] as PageMap, to);
  if (memory.cache.count > 0) for (const page of pagesOf(memory.cache)) to.add(page);
  to.add(LIST_END);
  to.addFrame(memory.nextFrame);
}

function addPages(map: PageMap, to: Fingerprint): void {
  if (map.count > 0) {
    for (const page of pagesOf(map)) {
      to.add(page);
      to.addFrame(frameOf(map, page));
    }
  }
  to.add(LIST_END);
}

/**
 * Free frames, in the order in which they are handed out. A clean frame, which nothing maps or may map, is equivalent
 * to any other clean one and to one that was never used: those at the bottom are not added.
 */
export function addFreeFrames(frames: Frames, to: Fingerprint): void {
  const { freed, stock } = frames;
  let bottom = 0;
  while (bottom < freed.length && isClean(frames, freed[bottom] as Pfn, to)) bottom += 1;
  for (let at = bottom; at < freed.length; at++) addFreeFrame(frames, freed[at] as Pfn, to);
  to.add(LIST_END);
  for (let at = 0; at < stock.length; at++) addFreeFrame(frames, stock[at] as Pfn, to);
  to.add(LIST_END);
}

function isClean({ noted }: Frames, frame: Pfn, to: Fingerprint): boolean {
  return !to.knows(frame) && frameOf(noted, frame as number) === 0;
}

function addFreeFrame(frames: Frames, frame: Pfn, to: Fingerprint): void {
  if (isClean(frames, frame, to)) {
    to.add(2);
    return;
  }
  to.add(frameOf(frames.noted, frame as number) === 0 ? 0 : 1);
  to.addFrame(frame);
}
