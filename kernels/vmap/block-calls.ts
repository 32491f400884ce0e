/**
 * vm_map_ram's small maps and their way back (vb_alloc, new_vmap_block, vb_free, free_vmap_block,
 * purge_fragmented_blocks), and the part of vm_unmap_aliases that looks at blocks. Behaviour: the recordings'
 * `ram` traces; catalogue section 4.
 */
import { isPossible } from "../../spec/vmap/scope.ts";
import {
  type Cpu,
  type Extent,
  PAGE_SIZE,
  type Pages,
  roundedUp,
  type Vpn,
} from "../../spec/vmap/vocabulary.ts";
import { unmapRange } from "../hardware/memory.ts";
import { MADE_BY_RAM, NONE } from "./areas.ts";
import {
  blockAt,
  giveBackBlock,
  isFragmented,
  listedBlocks,
  runsOf,
  takeBlock,
  takeOffList,
} from "./blocks.ts";
import { bugOn, KernelBug } from "./bug.ts";
import { NO_ROOM } from "./search-uncached.ts";
import type { State } from "./state.ts";
import { allocArea, flagArea, purgeIfTooLazy, type Steps } from "./vmap-kernel.ts";
import { takeTurn } from "./work.ts";

/** vb_alloc: this many pages in a block of this CPU, in a new one if necessary. NO_ROOM if no block can be made. */
export function allocInBlock(state: State, cpu: Cpu, count: Pages, steps: Steps): Vpn {
  const { blocks: rules } = steps;
  bugOn(!state.initialised, "vb_alloc: NULL in a per-CPU list that was never initialised");
  const pages = count === 0 ? regionOfNothing(state, steps) : roundedUp(count);
  if (pages === NO_ROOM) return NO_ROOM;
  for (;;) {
    takeTurn(state, "vb_alloc");
    const found = searchListed(state, cpu, pages, steps);
    if (found !== NO_ROOM) return found;
    const block = newBlock(state, cpu, rules.bornTaken ? pages : 0, steps);
    if (block === NONE) return NO_ROOM;
    if (rules.bornTaken) return startOf(state, block);
  }
}

/** The first block of this CPU's list that has the room. */
function searchListed(state: State, cpu: Cpu, pages: Pages, steps: Steps): Vpn {
  const { blocks } = state;
  for (let block = blocks.head[cpu] as number; block !== NONE; block = blocks.next[block] as number) {
    takeTurn(state, "vb_alloc");
    const offset = steps.blocks.find(blocks, block, pages);
    if (offset === NO_ROOM) continue;
    take(state, block, offset, pages);
    if (blocks.free[block] === 0) takeOffList(blocks, block);
    return startOf(state, block) + offset;
  }
  return NO_ROOM;
}

function take({ blocks }: State, block: number, offset: Pages, pages: Pages): void {
  const from = block * blocks.pages + offset;
  blocks.given.fill(1, from, from + pages);
  blocks.free[block] = (blocks.free[block] as number) - pages;
}

function startOf({ areas, blocks }: State, block: number): Vpn {
  return areas.start[blocks.area[block] as number] as number;
}

/** new_vmap_block: an area for it, aligned to its size; on this CPU's list, even if it is used up at once. */
function newBlock(state: State, cpu: Cpu, holding: Pages, steps: Steps): number {
  const { blocks, scope } = state;
  const align = blocks.pages * PAGE_SIZE;
  const request = { op: "alloc", size: blocks.pages, align, ...scope.vmalloc, map: false, cpu } as const;
  const area = allocArea(state, request, steps);
  if (area === NONE) return NONE;
  flagArea(state, area, steps.blocks.flags.block | MADE_BY_RAM);
  const block = takeBlock(blocks, area, state.areas.start[area] as number, cpu);
  useIndex(state, state.areas.start[area] as number, steps);
  if (holding > 0) take(state, block, 0, holding);
  steps.blocks.list(blocks, block);
  return block;
}

/** The index of the block that holds this page is read or written. */
function useIndex(state: State, page: Vpn, { blocks: { indexedOn } }: Steps): void {
  if (indexedOn === undefined) return;
  const cpu = indexedOn(state.scope, Math.floor(page / state.blocks.pages));
  if (!isPossible(state.scope, cpu)) state.usedAbsentCpu = true;
}

/** get_order(0) is 52: more pages than any block has. */
const PAGES_OF_ORDER_52: Pages = 2 ** 52;

/** The region that is searched if no page is asked for; NO_ROOM if that is refused. */
function regionOfNothing(state: State, steps: Steps): Pages {
  switch (steps.blocks.mapOfNothing) {
    case "undefined":
      throw new KernelBug("vb_alloc: a region of order 52 is searched for beyond the bitmap's end");
    case "bug":
      throw new KernelBug("vmap_page_range: addr >= end");
    case "refused":
      state.warning = "vb_alloc: size == 0";
      return NO_ROOM;
    // No block has it, and another is made. When the space is full, the purge takes them all as fragmented.
    case "block after block":
      return PAGES_OF_ORDER_52;
  }
}

/**
 * vb_free: the pages of a map of this count are given back. A block that is completely given back becomes a lazy area.
 */
export function freeInBlock(state: State, start: Vpn, count: Pages, steps: Steps): void {
  const { blocks } = state;
  const { blocks: rules } = steps;
  const pages = roundedUp(count);
  steps.flushCache(state, start, start + count);
  const block = blockAt(blocks, start);
  useIndex(state, start, steps);
  bugOn(block === NONE, "vb_free: !vb");
  bugOn(count === 0, "vb_free: a region of order 52, which no block has");
  if (!rules.lazyPtes) unmapRange(state, start, start + count);
  rules.dirty.note(state, block, start % blocks.pages, pages);
  blocks.dirty[block] = (blocks.dirty[block] as number) + pages;
  if (blocks.dirty[block] !== blocks.pages) return;
  bugOn(blocks.free[block] !== 0, "vb_free: vb->free");
  if (blocks.listed[block] === 1) takeOffList(blocks, block);
  freeBlock(state, block, steps);
  purgeIfTooLazy(state, steps);
}

/** free_vmap_block: out of the index; its area is lazy from now on. RCU frees the descriptor. */
function freeBlock(state: State, block: number, steps: Steps): void {
  const area = state.blocks.area[block] as number;
  const start = state.areas.start[area] as number;
  useIndex(state, start, steps);
  giveBackBlock(state.blocks, block, start);
  steps.keepLazy(state, area);
  state.rcuCallbacks += 1;
}

/**
 * purge_fragmented_blocks_allcpus, the first part of a synchronous purge from 2.6.33 on: blocks in which nothing is
 * mapped become lazy areas, for the purge that is running.
 */
export function purgeFragmented(state: State, steps: Steps): void {
  const { blocks } = state;
  if (!steps.blocks.purgesFragments || blocks.count === 0) return;
  for (const cpu of blocks.head.keys()) {
    const fragmented = listedBlocks(blocks, cpu).filter((block) => isFragmented(blocks, block));
    for (const block of fragmented) {
      takeOffList(blocks, block);
      freeBlock(state, block, steps);
    }
  }
}

/**
 * What vm_unmap_aliases finds dirty in blocks: the range it then flushes, if any. If PTEs are not cleared when a map is
 * given back, they are cleared here.
 */
export function dirtyInBlocks(state: State, steps: Steps): Extent | undefined {
  const { blocks } = state;
  const { dirty, looksAt, lazyPtes } = steps.blocks;
  let start = Number.POSITIVE_INFINITY;
  let end = Number.NEGATIVE_INFINITY;
  for (const block of looksAt(blocks)) {
    if (blocks.dirty[block] === 0) continue;
    const base = startOf(state, block);
    if (lazyPtes) {
      for (const run of runsOf(blocks.givenBack, blocks, block)) {
        unmapRange(state, base + run.start, base + run.end);
      }
    }
    start = Math.min(start, base + dirty.first(blocks, block));
    end = Math.max(end, base + dirty.end(blocks, block));
  }
  return start < end ? { start, end } : undefined;
}

/**
 * The walk of 6.5's vm_unmap_aliases. A block in which nothing is mapped is released if less than a quarter of it was
 * never given out: the rest of the others may still be used. A dirty range is flushed once (a09fad96ffb1), and then
 * reset.
 */
export function collectDirty(state: State, steps: Steps): Extent | undefined {
  const { blocks } = state;
  let start = Number.POSITIVE_INFINITY;
  let end = Number.NEGATIVE_INFINITY;
  const gone: number[] = [];
  for (const block of steps.blocks.looksAt(blocks)) {
    const given = blocks.pages - (blocks.free[block] as number);
    if (isFragmented(blocks, block) && steps.blocks.isLittleLeft(blocks.pages, given)) {
      takeOffList(blocks, block);
      gone.push(block);
    } else if ((blocks.dirtyMax[block] as number) > 0) {
      const base = startOf(state, block);
      start = Math.min(start, base + (blocks.dirtyMin[block] as number));
      end = Math.max(end, base + (blocks.dirtyMax[block] as number));
      blocks.dirtyMin[block] = blocks.pages;
      blocks.dirtyMax[block] = 0;
    }
  }
  for (const block of gone) freeBlock(state, block, steps);
  return start < end ? { start, end } : undefined;
}
