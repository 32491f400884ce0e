/**
 * The descriptors (struct vmap_area) of a kernel, as one arena of flat arrays: an area is a slot number. To 5.0.1 the
 * arrays hold a red-black tree and a list by address (rbtree.ts, and the list here), as the kernel's nodes do; from
 * 5.2 on, chains of areas by their start (chains.ts).
 */
import type { Vpn } from "../../spec/vmap/vocabulary.ts";
import { walked } from "../structures/walked.ts";

/** No slot. */
export const NONE = -1;

export interface Areas {
  start: Float64Array;
  /** The kernel's va_end: it has wrapped to 0 where an area ends at the top of the word. */
  end: Float64Array;
  /** va->flags: from 6.12 on they hold a node's number above the low byte. */
  flags: Uint16Array;
  /** 1 while the descriptor is allocated, 0 once it went back: reading it then is a use after free. */
  alive: Uint8Array;
  left: Int32Array;
  right: Int32Array;
  /** Of the tree; of the free slots where `alive` is 0. */
  parent: Int32Array;
  red: Uint8Array;
  listNext: Int32Array;
  listPrev: Int32Array;
  /** Links of a purge list. They stay readable after a descriptor went back, as freed memory does. */
  purgeNext: Int32Array;
  root: number;
  listHead: number;
  freeSlot: number;
  /** Slots ever handed out; those below it are in use or on the free chain. */
  used: number;
  descriptors: number;
  /** The first slot of each chain, or NONE; empty where there is a tree. The links of a chain are in `left`. */
  heads: Int32Array;
}

/** In `flags`: to 5.3 the area was freed and is lazy, or is being purged. */
export const LAZY_FLAGS = 3;
/** In `flags`: a mark that no dump shows. vm_map_ram made the area: it has no vm_struct, and vfree does not free it. */
export const MADE_BY_RAM = 0x40;

const FIRST_CAPACITY = 16;
const NO_CHAINS = new Int32Array(0);

export function emptyAreas(): Areas {
  return {
    start: new Float64Array(FIRST_CAPACITY),
    end: new Float64Array(FIRST_CAPACITY),
    flags: new Uint16Array(FIRST_CAPACITY),
    alive: new Uint8Array(FIRST_CAPACITY),
    left: new Int32Array(FIRST_CAPACITY),
    right: new Int32Array(FIRST_CAPACITY),
    parent: new Int32Array(FIRST_CAPACITY),
    red: new Uint8Array(FIRST_CAPACITY),
    listNext: new Int32Array(FIRST_CAPACITY),
    listPrev: new Int32Array(FIRST_CAPACITY),
    purgeNext: new Int32Array(FIRST_CAPACITY),
    root: NONE,
    listHead: NONE,
    freeSlot: NONE,
    used: 0,
    descriptors: 0,
    heads: NO_CHAINS,
  };
}

export function copyAreas(areas: Areas): Areas {
  return { ...resize(areas, areas.start.length), heads: areas.heads.slice() };
}

/**
 * Makes `to` equal to `from`. Slot by slot: an exhaustive search does this for every transition, with a handful of
 * slots, and eleven calls of `set` cost three times as much there.
 */
export function assignAreas(to: Areas, from: Areas): void {
  if (to.start.length < from.used) Object.assign(to, resize(to, from.start.length));
  for (let slot = 0; slot < from.used; slot++) {
    to.start[slot] = from.start[slot] as number;
    to.end[slot] = from.end[slot] as number;
    to.flags[slot] = from.flags[slot] as number;
    to.alive[slot] = from.alive[slot] as number;
    to.left[slot] = from.left[slot] as number;
    to.right[slot] = from.right[slot] as number;
    to.parent[slot] = from.parent[slot] as number;
    to.red[slot] = from.red[slot] as number;
    to.listNext[slot] = from.listNext[slot] as number;
    to.listPrev[slot] = from.listPrev[slot] as number;
    to.purgeNext[slot] = from.purgeNext[slot] as number;
  }
  if (to.heads.length !== from.heads.length) to.heads = new Int32Array(from.heads.length);
  for (let chain = 0; chain < from.heads.length; chain++) to.heads[chain] = from.heads[chain] as number;
  to.root = from.root;
  to.listHead = from.listHead;
  to.freeSlot = from.freeSlot;
  to.used = from.used;
  to.descriptors = from.descriptors;
}

/** A copy with room for `capacity` slots, of which at most all are now in use. */
function resize(areas: Areas, capacity: number): Areas {
  const { used } = areas;
  const floats = (from: Float64Array) => {
    const to = new Float64Array(capacity);
    to.set(used === from.length ? from : from.subarray(0, used));
    return to;
  };
  const links = (from: Int32Array) => {
    const to = new Int32Array(capacity);
    to.set(used === from.length ? from : from.subarray(0, used));
    return to;
  };
  const halves = (from: Uint16Array) => {
    const to = new Uint16Array(capacity);
    to.set(used === from.length ? from : from.subarray(0, used));
    return to;
  };
  const bytes = (from: Uint8Array) => {
    const to = new Uint8Array(capacity);
    to.set(used === from.length ? from : from.subarray(0, used));
    return to;
  };
  return {
    ...areas,
    start: floats(areas.start),
    end: floats(areas.end),
    flags: halves(areas.flags),
    alive: bytes(areas.alive),
    left: links(areas.left),
    right: links(areas.right),
    parent: links(areas.parent),
    red: bytes(areas.red),
    listNext: links(areas.listNext),
    listPrev: links(areas.listPrev),
    purgeNext: links(areas.purgeNext),
  };
}

/** kmalloc of a descriptor. */
export function takeDescriptor(areas: Areas): number {
  let slot = areas.freeSlot;
  if (slot === NONE) {
    if (areas.used === areas.start.length) Object.assign(areas, resize(areas, areas.used * 2));
    slot = areas.used;
    areas.used += 1;
  } else {
    areas.freeSlot = areas.parent[slot] as number;
  }
  areas.alive[slot] = 1;
  areas.flags[slot] = 0;
  areas.descriptors += 1;
  return slot;
}

/** kfree of a descriptor. */
export function giveBackDescriptor(areas: Areas, slot: number): void {
  areas.alive[slot] = 0;
  areas.descriptors -= 1;
  areas.parent[slot] = areas.freeSlot;
  areas.freeSlot = slot;
}

/** Whether an area found has a vm_struct: an allocation, vmap or pcpu_get_vm_areas made it, and it was not freed. */
export function isOwned({ flags }: Areas, slot: number): boolean {
  return ((flags[slot] as number) & (LAZY_FLAGS | MADE_BY_RAM)) === 0;
}

/** Links an area behind another in the list by address; behind NONE is the head. */
export function listInsertAfter(areas: Areas, slot: number, before: number): void {
  const next = before === NONE ? areas.listHead : (areas.listNext[before] as number);
  areas.listPrev[slot] = before;
  areas.listNext[slot] = next;
  if (before === NONE) areas.listHead = slot;
  else areas.listNext[before] = slot;
  if (next !== NONE) areas.listPrev[next] = slot;
}

export function listRemove(areas: Areas, slot: number): void {
  const prev = areas.listPrev[slot] as number;
  const next = areas.listNext[slot] as number;
  if (prev === NONE) areas.listHead = next;
  else areas.listNext[prev] = next;
  if (next !== NONE) areas.listPrev[next] = prev;
}

/** The slots in list order. */
export function* listed(areas: Areas): Iterable<number> {
  for (let slot = areas.listHead; slot !== NONE; slot = areas.listNext[slot] as number) {
    walked.list += 1;
    yield slot;
  }
}

/** Whether no area is linked, in a list or in chains. */
export function hasNoArea({ heads, listHead }: Areas): boolean {
  return heads.length === 0 ? listHead === NONE : heads.every((first) => first === NONE);
}

/** __find_vmap_area in the tree: the area that starts exactly here, busy or lazy; NONE if there is none. */
export function findArea(areas: Areas, start: Vpn): number {
  let slot = areas.root;
  while (slot !== NONE) {
    walked.tree += 1;
    const here = areas.start[slot] as number;
    if (start < here) slot = areas.left[slot] as number;
    else if (start > here) slot = areas.right[slot] as number;
    else return slot;
  }
  return NONE;
}

/** The slot of an area that holds this page, or NONE: by comparison with va_start and va_end, which may have wrapped. */
export function findAreaAround(areas: Areas, page: Vpn): number {
  let slot = areas.root;
  while (slot !== NONE) {
    walked.tree += 1;
    if (page < (areas.start[slot] as number)) slot = areas.left[slot] as number;
    else if (page >= (areas.end[slot] as number)) slot = areas.right[slot] as number;
    else return slot;
  }
  return NONE;
}
