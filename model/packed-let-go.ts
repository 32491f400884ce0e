/** How owners let areas and maps of the packed world go, and what a purge around that releases. */
import type { Command, PcpuFree, Response, UnmapRam } from "../spec/commands.ts";
import { released } from "../spec/laws/law.ts";
import { fitsBlock } from "../spec/scope.ts";
import type { Extent, Pages, Pfn, Vpn } from "../spec/vocabulary.ts";
import { letGoBeforePurge } from "./let-go-before-purge.ts";
import { mapIn, replaceBlock } from "./packed-blocks.ts";
import {
  AREA,
  BLOCK,
  BUSY,
  BY,
  BY_ALLOC,
  BY_MAP,
  BY_PERCPU,
  BY_VMAP,
  END,
  FRAME,
  GIVEN_BACK,
  GONE,
  HELD,
  HELD_MAPS,
  LAZY,
  LIFE,
  MAP_FRAME,
  MAPPED,
  NO_BLOCK,
  NOWHERE,
  type Packed,
  START,
  THERE,
} from "./packed-layout.ts";
import { flushAndRelease } from "./packed-release.ts";
import type { Draft } from "./packed-world.ts";

const NONE_GONE: Packed = [];

/** What the reply flushed and released, if it did: returns the areas released. */
export function purgeIn(world: Draft, command: Command, response: Response): Packed {
  return released(world, command, response) ? flushAndRelease(world, command, response) : NONE_GONE;
}

/** The owner of an area lets it go: it is lazy. */
export function letGoArea(world: Draft, start: Vpn, by: number, response: Response): void {
  const at = whichLetGo(world, start, by, response);
  if (at === NOWHERE) return;
  const areas = world.areas.slice();
  const mapped = areas[at + MAPPED] as number;
  areas[at + LIFE] = LAZY;
  world.areas = areas;
  world.lazyPages += (areas[at + END] as number) - start;
  world.held -= mapped;
  if (mapped > 0) addDead(world, start, mapped, areas[at + FRAME] as number, response);
}

/**
 * Percpu areas are let go one after another: those before the last purge of the reply, and those after it. Returns what
 * the purge released.
 */
export function letGoPercpu(world: Draft, command: PcpuFree, response: Response): Packed {
  const { start: base, offsets } = command;
  const by = BY_PERCPU + base;
  const starts: Vpn[] = [];
  const pages: Pages[] = [];
  for (let nth = 0; nth < offsets.length; nth++) {
    const start = base + (offsets[nth] as number);
    const at = whichLetGo(world, start, by, response);
    if (at === NOWHERE) continue;
    starts.push(start);
    pages.push((world.areas[at + END] as number) - start);
  }
  const before = letGoBeforePurge(pages, response);
  for (let nth = 0; nth < before; nth++) letGoArea(world, starts[nth] as Vpn, by, response);
  const gone = purgeIn(world, command, response);
  for (let nth = before; nth < starts.length; nth++) letGoArea(world, starts[nth] as Vpn, by, response);
  return gone;
}

/** The PTEs of what is let go are gone if the reply cleared as many. */
function addDead(world: Draft, start: Vpn, pages: Pages, frame: Pfn, { pteCleared }: Response): void {
  const dead = world.dead.slice();
  dead.push(start, start + pages, frame, pteCleared < pages ? THERE : GONE);
  world.dead = dead;
}

/**
 * The place of the area that a free of this address means, or NOWHERE. Of two at one address, which an illegal
 * reply leaves, it is the one that the range flushed tells, or the lazy pages counted, or the first.
 */
function whichLetGo(world: Draft, start: Vpn, by: number, response: Response): number {
  const { areas } = world;
  const counted = (response.lazyPages ?? Number.NaN) - world.lazyPages;
  let first = NOWHERE;
  let asCounted = NOWHERE;
  for (let at = 0; at < areas.length && (areas[at + START] as number) <= start; at += AREA) {
    if (!isHeld(areas, at, start, by)) continue;
    const end = areas[at + END] as number;
    if (isOneFlush(response.flushes, start, end)) return at;
    if (asCounted === NOWHERE && end - start === counted) asCounted = at;
    if (first === NOWHERE) first = at;
  }
  return asCounted === NOWHERE ? first : asCounted;
}

/** Whether this owner lets it go; a free also what vmap got. */
function isHeld(areas: Packed, at: number, start: Vpn, by: number): boolean {
  if (areas[at + START] !== start || (areas[at + END] as number) <= start) return false;
  if (areas[at + LIFE] !== BUSY || areas[at + BLOCK] !== NO_BLOCK) return false;
  return areas[at + BY] === by || (by === BY_ALLOC && areas[at + BY] === BY_VMAP);
}

function isOneFlush(flushes: readonly Extent[], start: Vpn, end: Vpn): boolean {
  for (let nth = 0; nth < flushes.length; nth++) {
    const flush = flushes[nth] as Extent;
    if (flush.start === start && flush.end === end) return true;
  }
  return false;
}

/** A caller of vm_unmap_ram lets a map go; the last one of a block that was used up makes the block lazy. */
export function letGoMap(world: Draft, { start, count }: UnmapRam, response: Response): void {
  if (!fitsBlock(world.scope, count)) {
    letGoArea(world, start, BY_MAP, response);
    return;
  }
  const at = world.areaOfMap(start, count);
  if (at === NOWHERE) return;
  const block = (world.blocks[world.areas[at + BLOCK] as number] as Packed).slice();
  const map = mapIn(block, start, count);
  const pages = (block[map + END] as number) - start;
  block[map + HELD] = 0;
  block[GIVEN_BACK] = (block[GIVEN_BACK] as number) + pages;
  block[HELD_MAPS] = (block[HELD_MAPS] as number) - 1;
  replaceBlock(world, at, block);
  const size = (world.areas[at + END] as number) - (world.areas[at + START] as number);
  const life = block[GIVEN_BACK] === size ? LAZY : BUSY;
  if (world.areas[at + LIFE] !== life) {
    const areas = world.areas.slice();
    areas[at + LIFE] = life;
    world.areas = areas;
  }
  if (life === LAZY) world.lazyPages += size;
  world.held -= count;
  addDead(world, start, count, block[map + MAP_FRAME] as number, response);
}
