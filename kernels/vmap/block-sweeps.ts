/** What purges and vm_unmap_aliases do with blocks (purge_fragmented_blocks, free_vmap_block). */
import { isPossible } from "../../spec/vmap/scope.ts";
import type { Extent, Vpn } from "../../spec/vmap/vocabulary.ts";
import { unmapRange } from "../hardware/memory.ts";
import { giveBackBlock, isFragmented, listedBlocks, runsOf, takeOffList } from "./blocks.ts";
import type { State } from "./state.ts";
import type { Steps } from "./steps.ts";

export function startOf({ areas, blocks }: State, block: number): Vpn {
  return areas.start[blocks.area[block] as number] as number;
}

/** The index of the block that holds this page is read or written. */
export function useIndex(state: State, page: Vpn, { blocks: { indexedOn } }: Steps): void {
  if (indexedOn === undefined) return;
  const cpu = indexedOn(state.scope, Math.floor(page / state.blocks.pages));
  if (!isPossible(state.scope, cpu)) state.usedAbsentCpu = true;
}

/** free_vmap_block: out of the index; its area is lazy from now on. RCU frees the descriptor. */
export function freeBlock(state: State, block: number, steps: Steps): void {
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
