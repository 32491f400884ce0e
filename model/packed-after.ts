/** How the packed world follows a reply: as after.ts, into arrays that are copied when they change. */
import type { Command, MapRam, PcpuFree, Response, UnmapRam } from "../spec/commands.ts";
import { hasPools, newArea, newAreas, nodeAsked } from "../spec/laws/law.ts";
import { fitsBlock } from "../spec/scope.ts";
import { type Cpu, type Extent, type Pages, type Pfn, roundedUp, type Vpn } from "../spec/vocabulary.ts";
import { letGoBeforePurge } from "./let-go-before-purge.ts";
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
  GIVEN,
  GIVEN_BACK,
  GONE,
  HELD,
  HELD_MAPS,
  LAZY,
  LIFE,
  MAP_FRAME,
  MAPPED,
  NO_BLOCK,
  NO_NODE,
  NODE,
  type Packed,
  START,
  THERE,
  TRANSLATION,
} from "./packed-layout.ts";
import { flushAndRelease } from "./packed-release.ts";
import { type Draft, mapIn, NOWHERE, PackedWorld } from "./packed-world.ts";
import { pooledAfter, type Released } from "./pools.ts";

/** The world after a reply, or undefined when the kernel stopped. The order is the reference's. */
export function packedAfter(
  before: PackedWorld,
  command: Command,
  response: Response,
): PackedWorld | undefined {
  if (response.kind === "bug") return undefined;
  const world: Draft = new PackedWorld(before);
  world.ptes += response.pteSet - response.pteCleared;
  if (command.op === "free") letGoArea(world, command.start, BY_ALLOC, response);
  else if (command.op === "unmapRam") letGoMap(world, command, response);
  const gone =
    command.op === "pcpuFree" ? letGoPercpu(world, command, response) : purgeIn(world, command, response);
  if (hasPools(before)) world.pooled = pooledAfter(before, command, response, released(gone));
  if (response.kind === "placed") place(world, before, command, response);
  world.nextFrame += framesTaken(command, response);
  if (command.op === "init") world.initialised = true;
  if (command.op === "touch" && response.kind === "reached" && response.frame !== null) {
    cache(world, command.cpu, command.page, response.frame);
  }
  countDescriptors(world, response);
  return world;
}

const NONE_GONE: Packed = [];

/** What the reply flushed and released, if it purged: returns the areas released. */
function purgeIn(world: Draft, command: Command, response: Response): Packed {
  return response.flushes.length > 0 ? flushAndRelease(world, command, response) : NONE_GONE;
}

/** Released areas as pools take them. */
function released(gone: Packed): readonly Released[] {
  const found: Released[] = [];
  for (let at = 0; at < gone.length; at += AREA) {
    const node = gone[at + NODE] as number;
    found.push({
      start: gone[at + START] as Vpn,
      end: gone[at + END] as Vpn,
      wasFragmented: gone[at + LIFE] === BUSY,
      node: node === NO_NODE ? undefined : node,
    });
  }
  return found;
}

/** The owner of an area lets it go: it is lazy. */
function letGoArea(world: Draft, start: Vpn, by: number, response: Response): void {
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
function letGoPercpu(world: Draft, command: PcpuFree, response: Response): Packed {
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
function letGoMap(world: Draft, { start, count }: UnmapRam, response: Response): void {
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

/** The block of the area at this place is now this one. */
function replaceBlock(world: Draft, at: number, block: Packed): void {
  const blocks = world.blocks.slice();
  blocks[world.areas[at + BLOCK] as number] = block;
  world.blocks = blocks;
}

const ASKED_BY = { alloc: BY_ALLOC, vmap: BY_VMAP, mapRam: BY_MAP } as const;

/** An area is placed, or a map goes into a block that is there or into a new one. */
function place(
  world: Draft,
  before: PackedWorld,
  command: Command,
  response: Response & { readonly kind: "placed" },
): void {
  if (command.op === "pcpuGet") {
    const by = BY_PERCPU + response.start;
    for (const extent of newAreas(before, command, response))
      insertArea(world, extent, by, 0, 0, NO_BLOCK, NO_NODE);
    return;
  }
  if (command.op !== "alloc" && command.op !== "vmap" && command.op !== "mapRam") return;
  const mapped = response.pteSet;
  const frame = world.nextFrame;
  const extent = newArea(before, command, response);
  if (command.op === "mapRam" && fitsBlock(world.scope, command.count)) {
    world.held += mapped;
    putMap(world, response.start, command, frame, extent, nodeOf(before, command));
  } else if (extent !== undefined) {
    world.held += mapped;
    insertArea(world, extent, ASKED_BY[command.op], mapped, frame, NO_BLOCK, nodeOf(before, command));
  }
}

function nodeOf(before: PackedWorld, command: Command): number {
  return nodeAsked(before, command) ?? NO_NODE;
}

/** Puts a map into a new block where `fresh` lies, or else into the one that is there. */
function putMap(
  world: Draft,
  start: Vpn,
  { count, cpu }: MapRam,
  frame: Pfn,
  fresh: Extent | undefined,
  node: number,
): void {
  const pages = roundedUp(count);
  const end = start + pages;
  if (fresh !== undefined) {
    insertArea(world, fresh, BY_MAP, 0, 0, world.blocks.length, node);
    world.blocks = world.blocks.concat([[cpu, pages, 0, 1, start, end, count, frame, 1]]);
    return;
  }
  const at = world.giverOf(start, end);
  if (at === NOWHERE) return;
  const block = (world.blocks[world.areas[at + BLOCK] as number] as Packed).slice();
  block[GIVEN] = (block[GIVEN] as number) + pages;
  block[HELD_MAPS] = (block[HELD_MAPS] as number) + 1;
  block.push(start, end, count, frame, 1);
  replaceBlock(world, at, block);
}

/** Adds a busy area, above those that start where it does. */
function insertArea(
  world: Draft,
  { start, end }: Extent,
  by: number,
  mapped: Pages,
  frame: Pfn,
  block: number,
  node: number,
): void {
  const { areas } = world;
  let at = areas.length;
  while (at > 0 && (areas[at - AREA + START] as number) > start) at -= AREA;
  const more = areas.slice(0, at);
  more.push(start, end, BUSY, by, mapped, frame, block, node);
  for (let next = at; next < areas.length; next++) more.push(areas[next] as number);
  world.areas = more;
}

/** Frames that a command takes from the counter; a map and vmap take them even if they are refused. */
function framesTaken(command: Command, response: Response): number {
  if (command.op === "mapRam" || command.op === "vmap") return command.count;
  return command.op === "alloc" && command.map && response.kind === "placed" ? command.size : 0;
}

/** A CPU was seen to translate this page to this frame. */
function cache(world: Draft, cpu: Cpu, page: Vpn, frame: Pfn): void {
  const { tlb } = world;
  let at = 0;
  while (at < tlb.length && isBelow(tlb, at, cpu, page)) at += TRANSLATION;
  const isThere = tlb[at] === cpu && tlb[at + 1] === page;
  if (isThere && tlb[at + 2] === frame) return;
  const more = tlb.slice(0, at);
  more.push(cpu, page, frame);
  for (let next = isThere ? at + TRANSLATION : at; next < tlb.length; next++) more.push(tlb[next] as number);
  world.tlb = more;
}

function isBelow(tlb: Packed, at: number, cpu: Cpu, page: Vpn): boolean {
  const other = tlb[at] as number;
  return other < cpu || (other === cpu && (tlb[at + 1] as number) < page);
}

/** A descriptor for every area, and one for every block that is not lazy yet. */
function countDescriptors(world: Draft, { descriptors }: Response): void {
  if (descriptors === undefined) return;
  const { areas } = world;
  let expected = areas.length / AREA;
  if (world.blocks.length > 0) {
    for (let at = 0; at < areas.length; at += AREA) {
      if (areas[at + BLOCK] !== NO_BLOCK && areas[at + LIFE] === BUSY) expected += 1;
    }
  }
  world.leakedDescriptors = descriptors - expected;
}
