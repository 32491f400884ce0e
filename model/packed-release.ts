/** What a flush in a reply drops from the packed world, and what the purge around it releases: as release.ts. */
import type { Command, Response } from "../spec/commands.ts";
import type { Extent, Pfn, Vpn } from "../spec/vocabulary.ts";
import {
  AREA,
  BLOCK,
  DEAD,
  DEAD_FRAME,
  END,
  EXTENT,
  GONE,
  LAZY,
  LIFE,
  NO_BLOCK,
  type Packed,
  PERHAPS,
  PTES,
  START,
  TRANSLATION,
} from "./packed-layout.ts";
import type { Draft } from "./packed-world.ts";

type Flushes = readonly Extent[];

/** Makes it the world after the flushes of a reply, before it placed anything. Returns the areas released. */
export function flushAndRelease(world: Draft, command: Command, response: Response): Packed {
  const { flushes } = response;
  const gone: number[] = [];
  const ofLazyAreas = command.op === "free" || command.op === "unmapRam" || command.op === "pcpuFree";
  if (ofLazyAreas || response.kind !== "pinned" || response.swept) {
    releaseAreas(world, purgedBy(command, response), flushes, gone);
    world.lazyPages = 0;
  }
  if (world.unflushed.length > 0) world.unflushed = unflushedAfter(world.unflushed, EXTENT, flushes);
  if (gone.length > 0) {
    const left = unflushedAfter(gone, AREA, flushes);
    if (left.length > 0) world.unflushed = world.unflushed.concat(left);
  }
  if (world.dead.length > 0) {
    if (response.kind === "pinned" && response.traps !== 0)
      world.dead = withoutRepaired(world.dead, response.frame);
    world.dead = deadAfter(world, gone, response);
  }
  if (world.tlb.length > 0) world.tlb = tlbAfter(world.tlb, flushes);
  return gone;
}

/** What of fragmented blocks the purge in a reply takes. */
type Taken = "none" | "all" | "of aliases";

function purgedBy({ op }: Command, response: Response): Taken {
  if (op === "free" || op === "unmapRam" || op === "pcpuFree") return "none";
  return op === "unmapAliases" || response.kind === "pinned" ? "of aliases" : "all";
}

/** Takes what a purge releases out of the world, and adds it to `gone`. */
function releaseAreas(world: Draft, taken: Taken, flushes: Flushes, gone: number[]): void {
  const { areas } = world;
  const left: number[] = [];
  for (let at = 0; at < areas.length; at += AREA) {
    const to = isReleased(world, at, taken, flushes) ? gone : left;
    for (let field = 0; field < AREA; field++) to.push(areas[at + field] as number);
  }
  if (gone.length === 0) return;
  if (world.blocks.length > 0) world.blocks = renumberBlocks(left, world.blocks);
  world.areas = left;
}

/** Lazy areas go in every purge. A fragmented block that no flush covers was plainly left where it is. */
function isReleased(world: Draft, at: number, taken: Taken, flushes: Flushes): boolean {
  const { areas } = world;
  if (areas[at + LIFE] === LAZY) return true;
  if (taken === "none" || !(taken === "all" ? world.purges(at) : world.aliasesPurge(at))) return false;
  return uncovered(areas[at + START] as number, areas[at + END] as number, flushes).length === 0;
}

/** The blocks of these areas alone, which are given their new numbers in place. */
function renumberBlocks(areas: number[], blocks: readonly Packed[]): readonly Packed[] {
  const left: Packed[] = [];
  for (let at = 0; at < areas.length; at += AREA) {
    const number = areas[at + BLOCK] as number;
    if (number === NO_BLOCK) continue;
    areas[at + BLOCK] = left.length;
    left.push(blocks[number] as Packed);
  }
  return left;
}

/** The parts of these extents (records of this stride) that no flush covers. */
function unflushedAfter(extents: Packed, stride: number, flushes: Flushes): number[] {
  const left: number[] = [];
  for (let at = 0; at < extents.length; at += stride) {
    pushUncovered(left, extents[at + START] as number, extents[at + END] as number, flushes, 0);
  }
  return left;
}

/** The PTEs that a host trapped and took away are those of the frame it let be pinned. */
function withoutRepaired(dead: Packed, frame: Pfn): Packed {
  const after: number[] = [];
  for (let at = 0; at < dead.length; at += DEAD) {
    const start = dead[at + START] as number;
    const end = dead[at + END] as number;
    const ptes = dead[at + PTES] as number;
    const page = start + (frame - (dead[at + DEAD_FRAME] as number));
    if (page < start || page >= end) {
      pushPart(after, dead, at, start, end, ptes);
      continue;
    }
    if (start < page) pushPart(after, dead, at, start, page, ptes);
    if (page + 1 < end) pushPart(after, dead, at, page + 1, end, ptes);
    pushPart(after, dead, at, page, page + 1, GONE);
  }
  return after;
}

/** A purge clears the PTEs of what it releases; a flush then drops what no PTE can bring back. */
function deadAfter(world: Draft, gone: Packed, { flushes, pteCleared }: Response): Packed {
  const { dead } = world;
  const noneLeft = world.deadPtes === 0;
  const after: number[] = [];
  for (let at = 0; at < dead.length; at += DEAD) {
    const start = dead[at + START] as number;
    const end = dead[at + END] as number;
    const ptes = noneLeft || isInArea(gone, start) ? GONE : (dead[at + PTES] as number);
    if (ptes !== PERHAPS && (ptes === GONE || pteCleared !== 0)) {
      const parts = uncovered(start, end, flushes);
      for (let part = 0; part < parts.length; part += EXTENT) {
        pushPart(after, dead, at, parts[part + START] as number, parts[part + END] as number, ptes);
      }
      // Of PTEs that were there, the reply says how many it cleared, not which.
      if (ptes !== GONE) pushCovered(after, dead, at, flushes);
    } else {
      pushPart(after, dead, at, start, end, ptes);
    }
  }
  return after;
}

/** Adds the parts that a flush covers: their PTEs are perhaps gone now, and if so they are clean. */
function pushCovered(to: number[], dead: Packed, at: number, flushes: Flushes): void {
  for (let nth = 0; nth < flushes.length; nth++) {
    const flush = flushes[nth] as Extent;
    const start = Math.max(flush.start, dead[at + START] as number);
    const end = Math.min(flush.end, dead[at + END] as number);
    if (start < end) pushPart(to, dead, at, start, end, PERHAPS);
  }
}

/** Adds these pages of the dead record at this place, with PTEs as told. */
function pushPart(to: number[], dead: Packed, at: number, start: Vpn, end: Vpn, ptes: number): void {
  const frame = (dead[at + DEAD_FRAME] as number) + (start - (dead[at + START] as number));
  to.push(start, end, frame, ptes);
}

function isInArea(areas: Packed, page: Vpn): boolean {
  for (let at = 0; at < areas.length; at += AREA) {
    if ((areas[at + START] as number) <= page && page < (areas[at + END] as number)) return true;
  }
  return false;
}

/** A flush of [start, end) drops those pages from the TLB of every CPU. */
function tlbAfter(tlb: Packed, flushes: Flushes): Packed {
  const left: number[] = [];
  for (let at = 0; at < tlb.length; at += TRANSLATION) {
    const page = tlb[at + 1] as number;
    if (!isFlushed(page, flushes)) left.push(tlb[at] as number, page, tlb[at + 2] as number);
  }
  return left;
}

function isFlushed(page: Vpn, flushes: Flushes): boolean {
  for (let nth = 0; nth < flushes.length; nth++) {
    const flush = flushes[nth] as Extent;
    if (flush.start <= page && page < flush.end) return true;
  }
  return false;
}

/** The parts of [start, end) that none of the flushes covers, as extents. */
function uncovered(start: Vpn, end: Vpn, flushes: Flushes): Packed {
  const parts: number[] = [];
  pushUncovered(parts, start, end, flushes, 0);
  return parts;
}

/** Adds what flush number `nth` leaves of [start, end), below it and above it, less what later ones cover. */
function pushUncovered(to: number[], start: Vpn, end: Vpn, flushes: Flushes, nth: number): void {
  if (start >= end) return;
  if (nth === flushes.length) {
    to.push(start, end);
    return;
  }
  const flush = flushes[nth] as Extent;
  pushUncovered(to, start, Math.min(end, flush.start), flushes, nth + 1);
  pushUncovered(to, Math.max(start, flush.end), end, flushes, nth + 1);
}
