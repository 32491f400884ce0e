/**
 * Everything in a world that a later verdict may depend on. Left out are which frame a frame is, which map that is no
 * longer held took which page of a block, and counts of which only the change is ever asked: PTEs and descriptors
 * since the beginning.
 */
import type { Notes } from "../spec/notes.ts";
import type { Pages, Pfn, Vpn } from "../spec/vocabulary.ts";
import type { Life } from "../spec/world.ts";
import type { Area, Owner } from "./area.ts";
import type { Block } from "./block.ts";
import type { Dead, Ptes } from "./dead.ts";
import type { ImmutableWorld, Tlb } from "./immutable-world.ts";
import type { PooledExtents } from "./pools.ts";

/** Ends a list: no page or count is negative. */
const END = -1;

const LIVES: Readonly<Record<Life, number>> = { busy: 0, lazy: 1 };
const PTES: Readonly<Record<Ptes, number>> = { gone: 0, perhaps: 1, there: 2 };
/** Of those who ask for areas; pcpuGets, which are known by their base, come after them. */
const OWNERS: Readonly<Record<Exclude<Owner, number>, number>> = { alloc: 0, map: 1, vmap: 2 };
const PERCPU = 3;

export function noteWorld(world: ImmutableWorld, to: Notes): void {
  to.number(world.initialised ? 1 : 0);
  to.number(world.lazyPages);
  to.number(world.deadPtes);
  for (const area of world.areas) noteArea(area, to);
  to.number(END);
  noteDead(world.dead, to);
  for (const { start, end } of world.unflushed) {
    to.number(start);
    to.number(end);
  }
  to.number(END);
  noteTlbs(world, to);
  notePooled(world.pooled, to);
  to.frame(world.nextFrame);
}

/** In the order in which pools decay. */
function notePooled(pooled: PooledExtents, to: Notes): void {
  for (const { start, end, node, sure } of pooled) {
    to.number(start);
    to.number(end);
    to.number(node);
    to.number(sure ? 1 : 0);
  }
  to.number(END);
}

function noteArea({ start, end, life, by, mapped, frame, block, node }: Area, to: Notes): void {
  to.number(start);
  to.number(end);
  to.number((typeof by === "number" ? PERCPU + by : OWNERS[by]) * 2 + LIVES[life]);
  to.number(node ?? END);
  to.number(mapped);
  noteFrames(frame, mapped, to);
  if (block === undefined) to.number(END);
  else noteBlock(block, start, end, to);
}

function noteBlock(block: Block, start: Vpn, end: Vpn, to: Notes): void {
  to.number(block.cpu);
  to.number(block.given);
  to.number(block.givenBack);
  to.number(block.held);
  for (let page = start; page < end; page++) notePage(block, page, to);
}

/** A page of a block: never given out, given out, or the first of a map that is held. */
function notePage({ maps }: Block, page: Vpn, to: Notes): void {
  let isGiven = 0;
  for (const { start, end, count, frame, held } of maps) {
    if (page < start || page >= end) continue;
    isGiven = 1;
    if (!held || page !== start) continue;
    to.number(1 + count);
    noteFrames(frame, count, to);
  }
  to.number(isGiven);
}

function noteFrames(first: Pfn, pages: Pages, to: Notes): void {
  for (let frame = 0; frame < pages; frame++) to.frame(first + frame);
}

/** What may still be translated, by its first page: in which order it was freed makes no difference. */
function noteDead(dead: readonly Dead[], to: Notes): void {
  const sorted = dead.length < 2 ? dead : dead.toSorted((a, b) => a.start - b.start);
  for (const { start, end, frame, ptes } of sorted) {
    to.number(start);
    to.number(end);
    to.number(PTES[ptes]);
    noteFrames(frame, end - start, to);
  }
  to.number(END);
}

/** By CPU, then by page. */
function noteTlbs({ tlbs, scope }: ImmutableWorld, to: Notes): void {
  if (!tlbs.isEmpty()) for (let cpu = 0; cpu < scope.cpus; cpu++) noteTlb(cpu, tlbs.get(cpu), to);
  to.number(END);
}

function noteTlb(cpu: number, tlb: Tlb | undefined, to: Notes): void {
  if (tlb === undefined || tlb.isEmpty()) return;
  for (const page of [...tlb.keys()].sort((a, b) => a - b)) {
    to.number(cpu);
    to.number(page);
    to.frame(tlb.get(page) as Pfn);
  }
}
