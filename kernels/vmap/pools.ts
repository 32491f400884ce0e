/**
 * The size pools of the vmap nodes (6.9 on): each node keeps released extents of up to 256 pages, in one list a
 * size, for requests of exactly that size. Flat arrays; there are none until the first extent is pooled.
 */
import { LARGEST_POOLED } from "../../spec/vmap/scope.ts";
import type { Extent, Pages, Vpn } from "../../spec/vmap/vocabulary.ts";
import { walked } from "../structures/walked.ts";
import { NONE } from "./areas.ts";

export interface Pools {
  readonly nodes: number;
  /** By list: first and last extent, and how many there are. A node's lists follow one another, by size. */
  head: Int32Array;
  tail: Int32Array;
  length: Int32Array;
  /** By slot. */
  start: Float64Array;
  /** In its list; of the free slots in their chain. */
  next: Int32Array;
  freeSlot: number;
  used: number;
  /** Extents pooled. */
  count: number;
}

/** An extent of a pool, and its owner. */
export interface Pooled extends Extent {
  readonly node: number;
}

export function emptyPools(nodes: number): Pools {
  return {
    nodes,
    head: new Int32Array(0),
    tail: new Int32Array(0),
    length: new Int32Array(0),
    start: new Float64Array(0),
    next: new Int32Array(0),
    freeSlot: NONE,
    used: 0,
    count: 0,
  };
}

export function copyPools(pools: Pools): Pools {
  return {
    ...pools,
    head: pools.head.slice(),
    tail: pools.tail.slice(),
    length: pools.length.slice(),
    start: pools.start.slice(),
    next: pools.next.slice(),
  };
}

/** Makes `to` equal to `from`, which has as many nodes. Where nothing was ever pooled there is nothing to do. */
export function assignPools(to: Pools, from: Pools): void {
  if (from.used === 0 && to.used === 0) return;
  Object.assign(to, copyPools(from));
}

/** size_to_va_pool: the list for this size, or NONE if it is too large. */
function listOf(node: number, size: Pages): number {
  return size > LARGEST_POOLED ? NONE : node * LARGEST_POOLED + size - 1;
}

/** node_pool_add_va: keeps an extent at the head of its list. False if it is too large for any. */
export function poolExtent(pools: Pools, node: number, start: Vpn, size: Pages): boolean {
  const list = listOf(node, size);
  if (list === NONE) return false;
  if (pools.head.length === 0) makeLists(pools);
  const slot = takeSlot(pools);
  pools.start[slot] = start;
  pools.next[slot] = pools.head[list] as number;
  if (pools.head[list] === NONE) pools.tail[list] = slot;
  pools.head[list] = slot;
  pools.length[list] = (pools.length[list] as number) + 1;
  return true;
}

/**
 * node_pool_del_va: the first extent of this size, if it is aligned as requested; otherwise that extent moves to the
 * end, and NONE is returned. The pools hold nothing outside the window that they are used for.
 */
export function takePooled(pools: Pools, node: number, size: Pages, alignedTo: Pages): Vpn | typeof NONE {
  const list = listOf(node, size);
  if (list === NONE || pools.count === 0 || pools.head[list] === NONE) return NONE;
  const first = pools.head[list] as number;
  const start = pools.start[first] as number;
  if (start % alignedTo !== 0) {
    moveToTail(pools, list, first);
    return NONE;
  }
  dropFirst(pools, list);
  return start;
}

/**
 * decay_va_pool_node: takes `howMany(length)` extents out of each list of a node, from its head. Returns them by
 * address.
 */
export function decayPools(pools: Pools, node: number, howMany: (length: number) => number): Extent[] {
  const gone: Extent[] = [];
  if (pools.count === 0) return gone;
  for (let size = 1; size <= LARGEST_POOLED; size++) {
    walked.list += 1;
    const list = listOf(node, size);
    for (let left = howMany(pools.length[list] as number); left > 0; left--) {
      const start = pools.start[pools.head[list] as number] as number;
      gone.push({ start, end: start + size });
      dropFirst(pools, list);
    }
  }
  return gone.sort((a, b) => a.start - b.start);
}

/** Everything pooled: by node, by size, in the order of each list. */
export function pooledExtents(pools: Pools): Pooled[] {
  const found: Pooled[] = [];
  for (let list = 0; list < pools.head.length; list++) {
    const node = Math.floor(list / LARGEST_POOLED);
    const size = (list % LARGEST_POOLED) + 1;
    for (let slot = pools.head[list] as number; slot !== NONE; slot = pools.next[slot] as number) {
      const start = pools.start[slot] as number;
      found.push({ node, start, end: start + size });
    }
  }
  return found;
}

function makeLists(pools: Pools): void {
  const lists = pools.nodes * LARGEST_POOLED;
  pools.head = new Int32Array(lists).fill(NONE);
  pools.tail = new Int32Array(lists).fill(NONE);
  pools.length = new Int32Array(lists);
}

function takeSlot(pools: Pools): number {
  pools.count += 1;
  let slot = pools.freeSlot;
  if (slot !== NONE) {
    pools.freeSlot = pools.next[slot] as number;
    return slot;
  }
  slot = pools.used;
  if (slot === pools.start.length) {
    const { start, next } = pools;
    pools.start = new Float64Array(slot * 2 || 8);
    pools.start.set(start);
    pools.next = new Int32Array(slot * 2 || 8);
    pools.next.set(next);
  }
  pools.used += 1;
  return slot;
}

function dropFirst(pools: Pools, list: number): void {
  const first = pools.head[list] as number;
  pools.head[list] = pools.next[first] as number;
  pools.length[list] = (pools.length[list] as number) - 1;
  pools.next[first] = pools.freeSlot;
  pools.freeSlot = first;
  pools.count -= 1;
}

function moveToTail(pools: Pools, list: number, first: number): void {
  if (pools.tail[list] === first) return;
  pools.head[list] = pools.next[first] as number;
  pools.next[pools.tail[list] as number] = first;
  pools.next[first] = NONE;
  pools.tail[list] = first;
}
