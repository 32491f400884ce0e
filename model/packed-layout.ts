/**
 * How the packed world lays out what it stores: plain arrays of small integers, for nothing is copied faster
 * while there are some dozens of them. A record is a stride of numbers; these are the places in it.
 * (Not typed arrays: a page may be as large as 2^52, and a short plain array is copied in less time.)
 */

/** Records one after another. */
export type Packed = readonly number[];

/** Of any record that is an extent, in pages. */
export const START = 0;
export const END = 1;

/**
 * An area: start, end, life, who asked for it, pages mapped, the first one's frame, number of its block, the node whose
 * pools it goes to.
 */
export const AREA = 8;
export const LIFE = 2;
export const BY = 3;
export const MAPPED = 4;
export const FRAME = 5;
export const BLOCK = 6;
export const NODE = 7;

/** Lives. */
export const BUSY = 0;
export const LAZY = 1;

/** Who asked for an area: an allocation, a map, or, from BY_PERCPU on, a pcpuGet, whose base is added to that. */
export const BY_ALLOC = 0;
export const BY_MAP = 1;
export const BY_VMAP = 2;
export const BY_PERCPU = 3;

/** Of an area that is no block, and of one that goes to no pool. */
export const NO_BLOCK = -1;
export const NO_NODE = -1;

/** A block: its CPU, pages given, pages given back, maps held; then its maps, in the order they went in. */
export const CPU = 0;
export const GIVEN = 1;
export const GIVEN_BACK = 2;
export const HELD_MAPS = 3;
export const MAPS = 4;

/** A map in a block: start, end of the pages it takes (rounded up), pages asked for, first frame, held or not. */
export const MAP = 5;
export const COUNT = 2;
export const MAP_FRAME = 3;
export const HELD = 4;

/** What was let go and may still be translated: start, end, first frame, what became of its PTEs. */
export const DEAD = 4;
export const DEAD_FRAME = 2;
export const PTES = 3;

/** What became of PTEs. */
export const GONE = 0;
export const PERHAPS = 1;
export const THERE = 2;

/** An extent that was released and not flushed. */
export const EXTENT = 2;

/** A translation: its CPU, page and frame; by CPU, then by page. */
export const TRANSLATION = 3;

/** Where nothing was found in an array. */
export const NOWHERE = -1;
