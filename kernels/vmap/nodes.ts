/**
 * The vmap nodes of 6.9 and later (d093602919ad and its series): one for each CPU. Busy and lazy areas belong to a
 * node by their address, zone after zone; what a node's CPU was given out of the vmalloc window goes back to the
 * pools of that node, and is given out again from there.
 */
import type { Alloc } from "../../spec/vmap/commands.ts";
import type { DumpedPooled } from "../../spec/vmap/kernel.ts";
import { alignmentInPages, type Extent, type Pages, type Vpn } from "../../spec/vmap/vocabulary.ts";
import { flushTlbKernelRange } from "../hardware/memory.ts";
import { walked } from "../structures/walked.ts";
import { giveBackDescriptor, NONE } from "./areas.ts";
import { bugOn } from "./bug.ts";
import { findByAnyPage } from "./chains.ts";
import { MARKS } from "./coverage-marks.ts";
import { giveSpace } from "./free-space.ts";
import { extentOf, joined, unlinkLazy } from "./lazy-extents.ts";
import { decayPools, poolExtent, pooledExtents, takePooled } from "./pools.ts";
import { flagNothing } from "./purge.ts";
import { slotsOf, sortByStart } from "./purge-list.ts";
import { NO_ROOM } from "./search-uncached.ts";
import type { State } from "./state.ts";
import type { LazyExtents, Steps } from "./steps.ts";

/** vmap_zone_size where there are several nodes. */
const ZONE: Pages = 16;
/** encode_vn_id: a node's number plus one stands above the low byte of an area's flags. */
const NODE_SHIFT = 8;

/** The number of extents of a pool of this length that a purge takes if it does not empty the pools. */
export type Decay = (length: number) => number;

/** A quarter; but the count is decremented before it is tested, so that up to three extents are all taken. */
export const quarterOrAll: Decay = (length) => Math.floor(length / 4) || length;

/** Exactly a quarter, from 6.19 on. */
export const quarter: Decay = (length) => Math.floor(length / 4);

/** The effect of a purge on the pools. */
type Pooling = Parameters<Steps["purge"]>[2];

/** addr_to_node_id. Without `%`, which is slower than all else here if numbers have more than 32 bits. */
function nodeAt({ pools }: State, page: Vpn): number {
  const zone = Math.floor(page / ZONE);
  return zone - Math.floor(zone / pools.nodes) * pools.nodes;
}

/** The node whose CPU got the area, or -1 if no pool was asked for it. */
function givenBy({ areas }: State, slot: number): number {
  return ((areas.flags[slot] as number) >> NODE_SHIFT) - 1;
}

/** The node that a request is served by: only for the vmalloc window, and where there are several; else -1. */
function askedNode({ pools, scope }: State, { vstart, vend, cpu }: Alloc): number {
  const { vmalloc } = scope;
  if (pools.nodes === 1 || vstart !== vmalloc.vstart || vend !== vmalloc.vend) return -1;
  return (cpu ?? 0) % pools.nodes;
}

/** node_alloc: an extent of exactly the size from the pools of the CPU's node, or NO_ROOM. */
export function takeFromPool(state: State, request: Alloc): Vpn {
  const node = askedNode(state, request);
  if (node < 0) return NO_ROOM;
  const start = takePooled(state.pools, node, request.size, alignmentInPages(request.align));
  if (start === NONE) return NO_ROOM;
  state.marks |= MARKS.placedFromPool;
  return start;
}

/** Records the node to which a new area returns. */
export function noteNode(state: State, slot: number, request: Alloc): void {
  state.areas.flags[slot] = (askedNode(state, request) + 1) << NODE_SHIFT;
}

/**
 * find_vmap_area: the tree of the page's node first, then those of the others; one area is on one node. Before
 * vmalloc_init it finds none (4ed91fa9177b, 6.9).
 */
export function findOnNodes(state: State, page: Vpn): number {
  return state.initialised ? findOnLockedNodes(state, page) : NONE;
}

/** The same without that test: it first takes a node's lock. */
export function findOnLockedNodes(state: State, page: Vpn): number {
  bugOn(!state.initialised, "find_vmap_area: the lock of a node that was never initialised");
  return findByAnyPage(state, page);
}

/** Busy areas as a dump lists them: node after node. */
export function byNode(state: State, slots: number[]): number[] {
  const nodeOf = (slot: number) => nodeAt(state, state.areas.start[slot] as number);
  return slots.sort((a, b) => nodeOf(a) - nodeOf(b) || byStart(state, a, b));
}

function byStart({ areas }: State, a: number, b: number): number {
  return (areas.start[a] as number) - (areas.start[b] as number);
}

/** Lazy areas by node, by address: on the node they go back to, else on that of their address. */
function lazyByNode(state: State): number[][] {
  const lists = Array.from({ length: state.pools.nodes }, (): number[] => []);
  for (const slot of slotsOf(state.areas, state.purgeHead)) {
    const given = givenBy(state, slot);
    const node = given >= 0 ? given : nodeAt(state, state.areas.start[slot] as number);
    (lists[node] as number[]).push(slot);
  }
  return lists.map((list) => sortByStart(state.areas, list));
}

/** Lazy areas from 6.9 on, in pools that decay in this way. */
export function onNodes(decay: Decay): LazyExtents {
  return {
    removed: flagNothing,
    keepLazy: unlinkLazy,
    isLazy: () => false,
    order: "given back by address",
    purge: (state, dirty, pools) => purgeNodes(state, dirty, pools, decay),
    shown: (state) =>
      lazyByNode(state)
        .flat()
        .map((slot) => extentOf(state, slot)),
  };
}

/** __purge_vmap_area_lazy: the pools first, then one flush for all nodes, then what is lazy, node by node. */
function purgeNodes(state: State, dirty: Extent | undefined, pools: Pooling, decay: Decay): void {
  decayAll(state, pools, decay);
  const purged = inPurgeOrder(state);
  if (purged.length === 0 && dirty === undefined) return;
  let start = dirty?.start ?? Number.POSITIVE_INFINITY;
  let end = dirty?.end ?? 0;
  for (const { slots } of purged) {
    for (const slot of slots) {
      walked.list += 1;
      start = Math.min(start, state.areas.start[slot] as number);
      end = Math.max(end, state.areas.end[slot] as number);
    }
  }
  flushTlbKernelRange(state, start, end);
  state.purgeHead = NONE;
  state.lazyPages = 0;
  for (const each of purged) releaseOn(state, each, pools);
}

interface NodePurge {
  readonly node: number;
  /** By address. */
  readonly slots: readonly number[];
}

/**
 * The nodes that have lazy areas. A work item takes a node for each multiple of lazy_max_pages() in the lazy pages,
 * less one: the first nodes. The purge waits for them after the others.
 */
function inPurgeOrder(state: State): NodePurge[] {
  const purged = lazyByNode(state)
    .map((slots, node) => ({ node, slots }))
    .filter(({ slots }) => slots.length > 0);
  if (purged.length === 0) return purged;
  const full = Math.floor(state.lazyPages / state.lazyMaxPages);
  const helpers = Math.min(Math.max(full, 1), purged.length) - 1;
  state.workItems += helpers;
  return [...purged.slice(helpers), ...purged.slice(0, helpers)];
}

/** purge_vmap_node: into the pools, or else to the free space, the highest first. */
function releaseOn(state: State, { node, slots }: NodePurge, pools: Pooling): void {
  const { areas } = state;
  const back: number[] = [];
  for (const slot of slots) {
    const toPool = pools === "decay" && givenBy(state, slot) >= 0;
    giveBackDescriptor(areas, slot);
    const start = areas.start[slot] as number;
    if (!toPool || !poolExtent(state.pools, node, start, (areas.end[slot] as number) - start))
      back.push(slot);
  }
  for (let nth = back.length - 1; nth >= 0; nth--) {
    const slot = back[nth] as number;
    giveSpace(state.free, areas.start[slot] as number, areas.end[slot] as number);
  }
}

/** decay_va_pool_node, of each node: what leaves the pools is free from now on. */
export function decayAll(state: State, pools: Pooling, decay: Decay): void {
  for (let node = 0; node < state.pools.nodes; node++) {
    const gone = decayPools(state.pools, node, pools === "emptied" ? (length) => length : decay);
    for (const { start, end } of joined(gone)) giveSpace(state.free, start, end);
  }
}

export function shownPools(state: State): DumpedPooled[] {
  return pooledExtents(state.pools);
}
