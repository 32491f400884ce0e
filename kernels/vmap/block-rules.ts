/**
 * The steps in which the releases' blocks differ (catalogue section 4): where in a block a map goes, how pages given
 * back are recorded, where a new block is listed, when fragmented blocks are purged.
 */
import { isPossible, possibleCount, type Scope } from "../../spec/vmap/scope.ts";

import type { Cpu, Pages } from "../../spec/vmap/vocabulary.ts";
import type { Facts } from "../changes.ts";
import { walked } from "../structures/walked.ts";
import { allBlocks, type Blocks, listedBlocks } from "./blocks.ts";
import { bugOn } from "./bug.ts";
import { NO_ROOM } from "./search-uncached.ts";
import type { State } from "./state.ts";

/** How a release records pages given back, and the flush that vm_unmap_aliases derives from them. */
export interface DirtyNotes {
  /** Records `pages` pages from `offset` on as given back. */
  note(state: State, block: number, offset: Pages, pages: Pages): void;
  /** The offsets in the block that vm_unmap_aliases flushes: from `first` to `end`; no range if first >= end. */
  first(blocks: Blocks, block: number): Pages;
  end(blocks: Blocks, block: number): Pages;
  /** What a dump shows of it. */
  readonly shown: "runs" | "range";
}

export interface BlockRules {
  /** The offset in the block at which this number of pages is given out, or NO_ROOM. */
  find(blocks: Blocks, block: number, pages: Pages): number;
  /** Where a new block goes in its CPU's list. */
  list(blocks: Blocks, block: number): void;
  /** cf725ce274ba (4.1): a new block is made with the map it was needed for in it, and not searched for again. */
  readonly bornTaken: boolean;
  /** 02b709df817c (2.6.33): a synchronous purge takes the fragmented blocks of all CPUs. */
  readonly purgesFragments: boolean;
  /** To 2.6.36 PTEs stay when a map is given back: vm_unmap_aliases clears them, or the purge. Since 64141da58724 none do. */
  readonly lazyPtes: boolean;
  readonly dirty: DirtyNotes;
  /** The blocks that vm_unmap_aliases looks at. */
  looksAt(blocks: Blocks): readonly number[];
  /**
   * Whether it frees a block in which nothing is mapped, of which this number of pages was given out (ca5e46c3400b,
   * 6.5).
   */
  isLittleLeft(pages: Pages, given: Pages): boolean;
  /** vm_map_ram of no page: the result of get_order(0), which is 52 (catalogue C14). */
  readonly mapOfNothing: Facts["mapOfNothing"];
  /** The flags of an area that vm_map_ram makes: for one map, and for a block. */
  readonly flags: { readonly map: number; readonly block: number };
  /** addr_to_vb_xa: the CPU in whose index a block of this number is kept. Undefined while there was one for all. */
  readonly indexedOn: ((scope: Scope, number: number) => Cpu) | undefined;
  /** Whether a block records its CPU, and a dump shows it. */
  readonly recordsCpu: boolean;
}

/**
 * bitmap_find_free_region: the lowest multiple of the size at which as many pages are free. Nothing is given out
 * twice, so what is free lies in regions of different powers of two, in rising order, and a search with enough
 * pages free never fails: that 2.6.33 to 3.10 then purge fragmented blocks is code that is never reached.
 */
export function findRegion(blocks: Blocks, block: number, pages: Pages): number {
  const base = block * blocks.pages;
  for (let at = 0; at + pages <= blocks.pages; at += pages) {
    walked.bitmap += 1;
    let free = 0;
    while (free < pages && blocks.given[base + at + free] === 0) free += 1;
    if (free === pages) return at;
  }
  return NO_ROOM;
}

/** From 3.11: directly behind what was given out last, whatever the size. */
export function findBehind(blocks: Blocks, block: number, pages: Pages): number {
  const free = blocks.free[block] as number;
  return free < pages ? NO_ROOM : blocks.pages - free;
}

/**
 * bitmap_allocate_region in dirty_map, up to 3.10: regions are aligned to their size. It marks nothing of a region with
 * a page marked already, which no caller up to 2.6.32 tests.
 */
export const dirtyBitmap: DirtyNotes = {
  note: (state, block, offset, pages) => {
    mark(state.blocks, block, offset, offset + pages);
  },
  first: ({ givenBack, pages }, block) => {
    let page = 0;
    while (page < pages && givenBack[block * pages + page] === 0) page += 1;
    return page;
  },
  end: ({ givenBack, pages }, block) => {
    let page = pages;
    while (page > 0 && givenBack[block * pages + page - 1] === 0) page -= 1;
    return page;
  },
  shown: "runs",
};

/** From 2.6.33 a page that is marked already is a BUG: it was given back before. */
export const dirtyBitmapChecked: DirtyNotes = {
  ...dirtyBitmap,
  note: (state, block, offset, pages) => {
    bugOn(!mark(state.blocks, block, offset, offset + pages), GIVEN_BACK);
  },
};

const GIVEN_BACK = "vb_free: bitmap_allocate_region(vb->dirty_map)";

/**
 * The same call from 3.11 to 4.0, where regions are no longer aligned: it marks one word of the bitmap, and the part of
 * the region in the next word is lost (catalogue C5).
 */
export const dirtyBitmapOfOneWord: DirtyNotes = {
  ...dirtyBitmap,
  note: (state, block, offset, pages) => {
    const word = state.scope.bitsPerLong;
    const wordEnd = (Math.floor(offset / word) + 1) * word;
    bugOn(!mark(state.blocks, block, offset, Math.min(offset + pages, wordEnd)), GIVEN_BACK);
  },
};

/** dirty_min and dirty_max (7d61bfe8fdde, 4.1). */
export const dirtyRange: DirtyNotes = {
  note: ({ blocks }, block, offset, pages) => {
    blocks.dirtyMin[block] = Math.min(blocks.dirtyMin[block] as number, offset);
    blocks.dirtyMax[block] = Math.max(blocks.dirtyMax[block] as number, offset + pages);
  },
  first: (blocks, block) => blocks.dirtyMin[block] as number,
  end: (blocks, block) => blocks.dirtyMax[block] as number,
  shown: "range",
};

/** False, and nothing is marked, if a page of the region is marked already. What lies beyond the block is omitted. */
function mark({ givenBack, pages }: Blocks, block: number, from: Pages, end: Pages): boolean {
  const base = block * pages;
  const last = Math.min(end, pages);
  for (let page = from; page < last; page++) if (givenBack[base + page] === 1) return false;
  givenBack.fill(1, base + from, base + last);
  return true;
}

/** The blocks on any CPU's list: one that is used up is on none, and is overlooked (catalogue C7). */
export function listedOnes(blocks: Blocks): readonly number[] {
  if (blocks.count === 0) return [];
  return Array.from(blocks.head.keys()).flatMap((cpu) => listedBlocks(blocks, cpu));
}

/** All blocks there are, whether on a list or not (fc1e0d980037, 6.5). */
export const allOfThem = (blocks: Blocks): readonly number[] => allBlocks(blocks);

/** 062eacf57ad9 (6.4): as if CPU numbers had no gaps (catalogue C12). */
export function anyOfSoMany(scope: Scope, number: number): Cpu {
  return number % possibleCount(scope);
}

/** a34acf30b19b (6.10): the number, or the next above it that a CPU has. The highest number always is one's. */
export function nextPossible(scope: Scope, number: number): Cpu {
  let cpu = number % scope.cpus;
  while (!isPossible(scope, cpu)) cpu += 1;
  return cpu;
}
