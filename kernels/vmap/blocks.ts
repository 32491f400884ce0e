/**
 * The per-CPU blocks for small maps (struct vmap_block, struct vmap_block_queue) as data: flat arrays by block
 * slot, two bitmaps of a byte a page, one list a CPU, and an index by address. What the calls do with them
 * stands in block-calls.ts; catalogue section 4.
 */
import type { Scope } from "../../spec/vmap/scope.ts";
import type { Cpu, Offsets, Pages, Vpn } from "../../spec/vmap/vocabulary.ts";
import {
  assignPageMap,
  copyPageMap,
  dropPage,
  emptyPageMap,
  frameOf,
  type PageMap,
  setFrame,
} from "../hardware/page-map.ts";
import { walked } from "../structures/walked.ts";
import { NONE } from "./areas.ts";
import { NeverReturns } from "./bug.ts";

export interface Blocks {
  /** VMAP_BBMAP_BITS: pages in a block. */
  readonly pages: Pages;
  /** The area that a block fills. */
  area: Int32Array;
  /** Pages never given out. */
  free: Int32Array;
  /** Pages given back, each region rounded up to a power of two. */
  dirty: Int32Array;
  /** From 4.1: the first page given back and the end of the last; `pages` and 0 while there is none. */
  dirtyMin: Int32Array;
  dirtyMax: Int32Array;
  /** The CPU on whose list it began; to 3.10 a block records it. */
  cpu: Int32Array;
  /** 1 while it is on that CPU's list. */
  listed: Uint8Array;
  /** alloc_map and dirty_map: a byte a page, a block after another. */
  given: Uint8Array;
  givenBack: Uint8Array;
  next: Int32Array;
  prev: Int32Array;
  /** By CPU: vmap_block_queue.free. */
  readonly head: Int32Array;
  readonly tail: Int32Array;
  /** vmap_block_tree: the slot plus one, by the block's number. */
  readonly index: PageMap;
  freeSlot: number;
  /** Slots ever handed out. */
  used: number;
  /** Blocks that are there. */
  count: number;
}

/** No block at first: a machine that never maps through one copies nothing for them. */
export function emptyBlocks({ blockPages, cpus }: Scope): Blocks {
  return {
    pages: blockPages,
    ...NO_ARRAYS,
    head: new Int32Array(cpus).fill(NONE),
    tail: new Int32Array(cpus).fill(NONE),
    index: emptyPageMap(),
    freeSlot: NONE,
    used: 0,
    count: 0,
  };
}

type Arrays = Pick<
  Blocks,
  | "area"
  | "free"
  | "dirty"
  | "dirtyMin"
  | "dirtyMax"
  | "cpu"
  | "listed"
  | "given"
  | "givenBack"
  | "next"
  | "prev"
>;

function arrays(capacity: number, pages: Pages): Arrays {
  return {
    area: new Int32Array(capacity),
    free: new Int32Array(capacity),
    dirty: new Int32Array(capacity),
    dirtyMin: new Int32Array(capacity),
    dirtyMax: new Int32Array(capacity),
    cpu: new Int32Array(capacity),
    listed: new Uint8Array(capacity),
    given: new Uint8Array(capacity * pages),
    givenBack: new Uint8Array(capacity * pages),
    next: new Int32Array(capacity),
    prev: new Int32Array(capacity),
  };
}

/** Shared by all machines without a block: making these for each history took 1 % of a check. */
const NO_ARRAYS = arrays(0, 0);

export function copyBlocks(blocks: Blocks): Blocks {
  return {
    ...resize(blocks, blocks.area.length),
    head: blocks.head.slice(),
    tail: blocks.tail.slice(),
    index: copyPageMap(blocks.index),
  };
}

/** Makes `to` equal to `from`; both have the same CPUs. A machine without blocks has nothing to do. */
export function assignBlocks(to: Blocks, from: Blocks): void {
  if (from.used === 0 && to.used === 0) return;
  if (to.area.length !== from.area.length) Object.assign(to, arrays(from.area.length, from.pages));
  to.area.set(from.area);
  to.free.set(from.free);
  to.dirty.set(from.dirty);
  to.dirtyMin.set(from.dirtyMin);
  to.dirtyMax.set(from.dirtyMax);
  to.cpu.set(from.cpu);
  to.listed.set(from.listed);
  to.given.set(from.given);
  to.givenBack.set(from.givenBack);
  to.next.set(from.next);
  to.prev.set(from.prev);
  to.head.set(from.head);
  to.tail.set(from.tail);
  assignPageMap(to.index, from.index);
  to.freeSlot = from.freeSlot;
  to.used = from.used;
  to.count = from.count;
}

function resize(blocks: Blocks, capacity: number): Blocks {
  const larger = arrays(capacity, blocks.pages);
  for (const name of Object.keys(larger) as (keyof Arrays)[]) larger[name].set(blocks[name]);
  return { ...blocks, ...larger };
}

/** kmalloc of a block, all of it free, with the area it fills; not yet on a list. */
export function takeBlock(blocks: Blocks, area: number, start: Vpn, cpu: Cpu): number {
  let block = blocks.freeSlot;
  if (block === NONE) {
    if (blocks.used === blocks.area.length) Object.assign(blocks, resize(blocks, blocks.used * 2 || 4));
    block = blocks.used;
    blocks.used += 1;
  } else {
    blocks.freeSlot = blocks.next[block] as number;
  }
  const { pages } = blocks;
  blocks.area[block] = area;
  blocks.free[block] = pages;
  blocks.dirty[block] = 0;
  blocks.dirtyMin[block] = pages;
  blocks.dirtyMax[block] = 0;
  blocks.cpu[block] = cpu;
  blocks.given.fill(0, block * pages, (block + 1) * pages);
  blocks.givenBack.fill(0, block * pages, (block + 1) * pages);
  setFrame(blocks.index, start / pages, block + 1);
  blocks.count += 1;
  return block;
}

/** A block leaves the index, and goes back when its grace period is over: at once here. */
export function giveBackBlock(blocks: Blocks, block: number, start: Vpn): void {
  dropPage(blocks.index, start / blocks.pages);
  blocks.next[block] = blocks.freeSlot;
  blocks.freeSlot = block;
  blocks.count -= 1;
}

/** The block that holds this page, or NONE. */
export function blockAt(blocks: Blocks, page: Vpn): number {
  return frameOf(blocks.index, Math.floor(page / blocks.pages)) - 1;
}

/** list_add: a new block goes before the others of its CPU (to 4.0). */
export function addAtHead(blocks: Blocks, block: number): void {
  const cpu = blocks.cpu[block] as number;
  const after = blocks.head[cpu] as number;
  link(blocks, block, NONE, after);
}

/** list_add_tail: behind the others (68ac546f265e, 4.1). */
export function addAtTail(blocks: Blocks, block: number): void {
  const cpu = blocks.cpu[block] as number;
  link(blocks, block, blocks.tail[cpu] as number, NONE);
}

function link(blocks: Blocks, block: number, before: number, after: number): void {
  const cpu = blocks.cpu[block] as number;
  blocks.prev[block] = before;
  blocks.next[block] = after;
  if (before === NONE) blocks.head[cpu] = block;
  else blocks.next[before] = block;
  if (after === NONE) blocks.tail[cpu] = block;
  else blocks.prev[after] = block;
  blocks.listed[block] = 1;
}

/** list_del: its links stay readable, as those of a block that a walker stands on do. */
export function takeOffList(blocks: Blocks, block: number): void {
  const cpu = blocks.cpu[block] as number;
  const before = blocks.prev[block] as number;
  const after = blocks.next[block] as number;
  if (before === NONE) blocks.head[cpu] = after;
  else blocks.next[before] = after;
  if (after === NONE) blocks.tail[cpu] = before;
  else blocks.prev[after] = before;
  blocks.listed[block] = 0;
}

/** The blocks of one CPU's list, in its order. */
export function listedBlocks(blocks: Blocks, cpu: Cpu): number[] {
  const found: number[] = [];
  for (let block = blocks.head[cpu] as number; block !== NONE; block = blocks.next[block] as number) {
    if (found.length === blocks.used) throw new NeverReturns("a CPU's list of blocks goes round and round");
    walked.list += 1;
    found.push(block);
  }
  return found;
}

/** Every block there is, by slot. */
export function allBlocks(blocks: Blocks): number[] {
  const found: number[] = [];
  for (const slot of blocks.index.frames.keys()) {
    if ((blocks.index.pages[slot] as number) >= 0) found.push((blocks.index.frames[slot] as number) - 1);
  }
  return found.sort((a, b) => a - b);
}

/** Nothing in it is mapped, yet it is not completely dirty: what 02b709df817c calls fragmented. */
export function isFragmented(blocks: Blocks, block: number): boolean {
  const { free, dirty, pages } = blocks;
  return dirty[block] !== pages && (free[block] as number) + (dirty[block] as number) === pages;
}

/** The runs of a bitmap's set pages, as offsets in the block. */
export function runsOf(bitmap: Uint8Array, blocks: Blocks, block: number): Offsets[] {
  const base = block * blocks.pages;
  const runs: Offsets[] = [];
  for (let page = 0; page < blocks.pages; page++) {
    if (bitmap[base + page] === 0) continue;
    const start = page;
    while (page < blocks.pages && bitmap[base + page] !== 0) page += 1;
    runs.push({ start, end: page });
  }
  return runs;
}
