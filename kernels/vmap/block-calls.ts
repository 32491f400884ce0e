/**
 * vm_map_ram's small maps and their way back (vb_alloc, new_vmap_block, vb_free, free_vmap_block,
 * purge_fragmented_blocks), and the part of vm_unmap_aliases that looks at blocks. Behaviour: the recordings'
 * `ram` traces; catalogue section 4.
 */
import { type Cpu, PAGE_SIZE, type Pages, roundedUp, type Vpn } from "../../spec/vmap/vocabulary.ts";
import { unmapRange } from "../hardware/memory.ts";
import { walked } from "../structures/walked.ts";
import { allocArea, flagArea, purgeIfTooLazy } from "./area-calls.ts";
import { MADE_BY_RAM, NONE } from "./areas.ts";
import { freeBlock, startOf, useIndex } from "./block-sweeps.ts";
import { blockAt, takeBlock, takeOffList } from "./blocks.ts";
import { bugOn, KernelBug } from "./bug.ts";
import { NO_ROOM } from "./search-uncached.ts";
import { type State, takeTurn } from "./state.ts";
import type { Steps } from "./steps.ts";

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
    walked.list += 1;
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
