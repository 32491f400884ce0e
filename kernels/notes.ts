/**
 * Everything in the state of a kernel that a later reply may depend on, whatever callers do. Left out is what no
 * reply shows: in which slots areas and blocks lie, which frame a frame is, counters that only grow (frames and
 * descriptors ever taken), in which order areas were let go, and the shape of the tree, unless areas overlap or the kernel reads it.
 * That it leaves out nothing else is held true by a test that compares states which look alike here with one another,
 * action by action (properties/hashed-form.test.ts).
 */
import type { Notes } from "../spec/notes.ts";
import type { Pfn } from "../spec/vocabulary.ts";
import type { AreaSteps } from "./area-form.ts";
import { type Areas, NONE } from "./areas.ts";
import { type Blocks, blockAt } from "./blocks.ts";
import type { Frames } from "./frames.ts";
import type { Memory } from "./memory.ts";
import { frameOf, type PageMap, pagesOf } from "./page-map.ts";
import { pooledExtents } from "./pools.ts";
import type { TreeLinks } from "./rbtree.ts";
import type { State } from "./state.ts";

type FreeTree = NonNullable<AreaSteps["freeTree"]>;

/** Ends a list: no page, count or flag is negative. */
const END = -1;

/** `pins`: whether callers pin frames. If not, it makes no difference which frames are free. */
export function noteState(state: State, to: Notes, pins: boolean, steps: AreaSteps): void {
  to.number(state.initialised ? 1 : 0);
  to.number(state.lazyPages);
  noteAreas(state, to, steps);
  if (steps.freeTree !== undefined) noteFreeSpace(state, to, steps.freeTree);
  noteCache(state, to);
  noteBlocks(state, to);
  noteMemory(state.memory, to);
  if (pins) noteFreeFrames(state.memory.frames, to);
}

/** By address, which is the list's order. */
function noteAreas(state: State, to: Notes, { busy, isLazy, readsTree, freeTree }: AreaSteps): void {
  const { areas } = state;
  busy.list(areas);
  let isSorted = true;
  let lastEnd = 0;
  for (let slot = areas.listHead; slot !== NONE; slot = areas.listNext[slot] as number) {
    const start = areas.start[slot] as number;
    const end = areas.end[slot] as number;
    to.number(start);
    to.number(end);
    to.number(((areas.flags[slot] as number) << 1) | (isLazy(state, slot) ? 1 : 0));
    if (start < lastEnd || end <= start) isSorted = false;
    lastEnd = end;
  }
  to.number(END);
  if (freeTree !== undefined || (isSorted && !readsTree)) return;
  // Which of two areas that overlap is met first depends on the shape of the tree, and on who was let go first.
  noteTree(areas, areas.root, to);
  for (let slot = state.purgeHead; slot !== NONE; slot = areas.purgeNext[slot] as number) {
    to.number(placeInList(areas, slot));
  }
  to.number(END);
}

/** The free tree, what is lazy, in the order it is given back in, and the pools. */
function noteFreeSpace({ areas, free, pools, purgeHead }: State, to: Notes, freeTree: FreeTree): void {
  noteTree(free, free.root, to);
  const lazy: number[] = [];
  for (let slot = purgeHead; slot !== NONE; slot = areas.purgeNext[slot] as number) lazy.push(slot);
  if (freeTree === "given back by address") {
    lazy.sort((a, b) => (areas.start[a] as number) - (areas.start[b] as number));
  }
  for (const slot of lazy) {
    to.number(areas.start[slot] as number);
    to.number(areas.end[slot] as number);
    to.number(areas.flags[slot] as number);
  }
  to.number(END);
  if (pools.count > 0) {
    for (const { node, start, end } of pooledExtents(pools)) {
      to.number(node);
      to.number(start);
      to.number(end);
    }
  }
  to.number(END);
}

function noteTree(areas: TreeLinks, node: number, to: Notes): void {
  if (node === NONE) {
    to.number(END);
    return;
  }
  to.number(areas.red[node] as number);
  noteTree(areas, areas.left[node] as number, to);
  noteTree(areas, areas.right[node] as number, to);
}

/** How many areas the list has before this one; END if it is not there. */
function placeInList(areas: Areas, wanted: number): number {
  let place = 0;
  for (let slot = areas.listHead; slot !== NONE; slot = areas.listNext[slot] as number) {
    if (slot === wanted) return place;
    place += 1;
  }
  return END;
}

/** The free-area cache, whole: a change to it may read a field when the kernel would not. */
function noteCache(state: State, to: Notes): void {
  const { areas, freeVmapCache } = state;
  to.number(freeVmapCache === NONE ? 0 : 1);
  if (freeVmapCache !== NONE) {
    // An extent as well: a kernel that forgot to look after its cache points at what is on no list.
    to.number(placeInList(areas, freeVmapCache));
    to.number(areas.start[freeVmapCache] as number);
    to.number(areas.end[freeVmapCache] as number);
  }
  to.number(state.cachedHoleSize);
  to.number(state.cachedVstart);
  to.number(state.cachedAlign);
}

/** Blocks by address, then each CPU's list in its order. */
function noteBlocks(state: State, to: Notes): void {
  const { areas, blocks } = state;
  to.number(blocks.count);
  if (blocks.count === 0) return;
  for (const number of pagesOf(blocks.index)) noteBlock(areas, blocks, frameOf(blocks.index, number) - 1, to);
  for (let cpu = 0; cpu < blocks.head.length; cpu++) {
    for (let block = blocks.head[cpu] as number; block !== NONE; block = blocks.next[block] as number) {
      const start = startOf(areas, blocks, block);
      to.number(start);
      // Where blocks overlap, the index has only one of them.
      if (blockAt(blocks, start) !== block) noteBlock(areas, blocks, block, to);
    }
    to.number(END);
  }
}

function startOf(areas: Areas, blocks: Blocks, block: number): number {
  return areas.start[blocks.area[block] as number] as number;
}

function noteBlock(areas: Areas, blocks: Blocks, block: number, to: Notes): void {
  to.number(startOf(areas, blocks, block));
  to.number(blocks.free[block] as number);
  to.number(blocks.dirty[block] as number);
  to.number(blocks.dirtyMin[block] as number);
  to.number(blocks.dirtyMax[block] as number);
  to.number(blocks.cpu[block] as number);
  to.number(blocks.listed[block] as number);
  const base = block * blocks.pages;
  let bits = 0;
  for (let page = 0; page < blocks.pages; page++) {
    bits =
      (bits << 2) | ((blocks.given[base + page] as number) << 1) | (blocks.givenBack[base + page] as number);
    if ((page & 7) === 7) {
      to.number(bits);
      bits = 0;
    }
  }
  to.number(bits);
}

function noteMemory(memory: Memory, to: Notes): void {
  noteFrames(memory.pageTable, to);
  noteFrames(memory.held, to);
  for (let cpu = 0; cpu < memory.tlbs.length; cpu++) noteFrames(memory.tlbs[cpu] as PageMap, to);
  if (memory.cache.count > 0) for (const page of pagesOf(memory.cache)) to.number(page);
  to.number(END);
  to.frame(memory.nextFrame);
}

function noteFrames(map: PageMap, to: Notes): void {
  if (map.count > 0) {
    for (const page of pagesOf(map)) {
      to.number(page);
      to.frame(frameOf(map, page));
    }
  }
  to.number(END);
}

/**
 * Free frames, in the order in which they are handed out. A clean one, which nothing maps or may map, is as good as
 * any other, and as good as one that was never used: those at the bottom are left out.
 */
function noteFreeFrames(frames: Frames, to: Notes): void {
  const { freed, stock } = frames;
  let bottom = 0;
  while (bottom < freed.length && isClean(frames, freed[bottom] as Pfn, to)) bottom += 1;
  for (let at = bottom; at < freed.length; at++) noteFreeFrame(frames, freed[at] as Pfn, to);
  to.number(END);
  for (let at = 0; at < stock.length; at++) noteFreeFrame(frames, stock[at] as Pfn, to);
  to.number(END);
}

function isClean({ noted }: Frames, frame: Pfn, to: Notes): boolean {
  return !to.knows(frame) && frameOf(noted, frame as number) === 0;
}

function noteFreeFrame(frames: Frames, frame: Pfn, to: Notes): void {
  if (isClean(frames, frame, to)) {
    to.number(2);
    return;
  }
  to.number(frameOf(frames.noted, frame as number) === 0 ? 0 : 1);
  to.frame(frame);
}
