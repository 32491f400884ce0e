/**
 * Everything in a packed world that a later verdict may depend on. Left out are the numbers of blocks, which frame a
 * frame is, which let-go map took which page of a block, and counts of which only the change is ever asked: PTEs
 * and descriptors since the beginning.
 */
import type { Notes } from "../spec/notes.ts";
import type { Pages, Pfn, Vpn } from "../spec/vocabulary.ts";
import {
  AREA,
  BLOCK,
  BY,
  COUNT,
  CPU,
  DEAD,
  DEAD_FRAME,
  END,
  FRAME,
  GIVEN,
  GIVEN_BACK,
  HELD,
  HELD_MAPS,
  LIFE,
  MAP,
  MAP_FRAME,
  MAPPED,
  MAPS,
  NO_BLOCK,
  type Packed,
  PTES,
  START,
  TRANSLATION,
} from "./packed-layout.ts";
import type { PackedWorld } from "./packed-world.ts";

/** Ends a list: no page or count is negative. */
const LIST_END = -1;

export function noteWorld(world: PackedWorld, to: Notes): void {
  to.number(world.initialised ? 1 : 0);
  to.number(world.lazyPages);
  to.number(world.deadPtes);
  noteAreas(world, to);
  noteDead(world.dead, to);
  for (let at = 0; at < world.unflushed.length; at++) to.number(world.unflushed[at] as number);
  to.number(LIST_END);
  noteTlb(world.tlb, to);
  to.frame(world.nextFrame);
}

/** By start; those that are blocks with what is in them. */
function noteAreas({ areas, blocks }: PackedWorld, to: Notes): void {
  for (let at = 0; at < areas.length; at += AREA) {
    const start = areas[at + START] as Vpn;
    const end = areas[at + END] as Vpn;
    const mapped = areas[at + MAPPED] as Pages;
    to.number(start);
    to.number(end);
    to.number(((areas[at + LIFE] as number) << 2) | (areas[at + BY] as number));
    to.number(mapped);
    noteFrames(areas[at + FRAME] as Pfn, mapped, to);
    const number = areas[at + BLOCK] as number;
    if (number === NO_BLOCK) to.number(LIST_END);
    else noteBlock(blocks[number] as Packed, start, end, to);
  }
  to.number(LIST_END);
}

function noteBlock(block: Packed, start: Vpn, end: Vpn, to: Notes): void {
  to.number(block[CPU] as number);
  to.number(block[GIVEN] as number);
  to.number(block[GIVEN_BACK] as number);
  to.number(block[HELD_MAPS] as number);
  for (let page = start; page < end; page++) notePage(block, page, to);
}

/** A page of a block: never given out, given out, or the first of a map that is held. */
function notePage(block: Packed, page: Vpn, to: Notes): void {
  let isGiven = 0;
  for (let at = MAPS; at < block.length; at += MAP) {
    const first = block[at + START] as Vpn;
    if (page < first || page >= (block[at + END] as Vpn)) continue;
    isGiven = 1;
    if (block[at + HELD] === 0 || page !== first) continue;
    const count = block[at + COUNT] as Pages;
    to.number(1 + count);
    noteFrames(block[at + MAP_FRAME] as Pfn, count, to);
  }
  to.number(isGiven);
}

function noteFrames(first: Pfn, pages: Pages, to: Notes): void {
  for (let frame = 0; frame < pages; frame++) to.frame(first + frame);
}

/** What may still be translated, by its first page: in which order it was let go makes no difference. */
function noteDead(dead: Packed, to: Notes): void {
  let noted = 0;
  for (let page = lowestStart(dead, 0); noted < dead.length; page = lowestStart(dead, page + 1)) {
    for (let at = 0; at < dead.length; at += DEAD) {
      if (dead[at + START] !== page) continue;
      const end = dead[at + END] as Vpn;
      to.number(page);
      to.number(end);
      to.number(dead[at + PTES] as number);
      noteFrames(dead[at + DEAD_FRAME] as Pfn, end - page, to);
      noted += DEAD;
    }
  }
  to.number(LIST_END);
}

/** The lowest page from this one on at which a record starts. */
function lowestStart(dead: Packed, from: Vpn): Vpn {
  let lowest = Number.POSITIVE_INFINITY;
  for (let at = 0; at < dead.length; at += DEAD) {
    const start = dead[at + START] as Vpn;
    if (start >= from && start < lowest) lowest = start;
  }
  return lowest;
}

function noteTlb(tlb: Packed, to: Notes): void {
  for (let at = 0; at < tlb.length; at += TRANSLATION) {
    to.number(tlb[at] as number);
    to.number(tlb[at + 1] as number);
    to.frame(tlb[at + 2] as Pfn);
  }
  to.number(LIST_END);
}
