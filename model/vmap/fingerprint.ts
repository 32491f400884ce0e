/**
 * Everything in a world that a later verdict may depend on. Not included: frame numbers, the place in a block of maps
 * that are no longer held, and counts of which only the change matters, namely PTEs and descriptors since the
 * beginning.
 */
import { type Fingerprint, LIST_END } from "../../spec/fingerprint.ts";
import type { Pfn, Vpn } from "../../spec/vmap/vocabulary.ts";
import type { Life } from "../../spec/vmap/world.ts";
import type { Area, Owner } from "./area.ts";
import type { Block } from "./block.ts";
import type { PooledExtents } from "./pool-beliefs.ts";
import type { Ptes, StaleMapping } from "./stale-mapping.ts";
import type { ImmutableWorld, Tlb } from "./world.ts";

const LIVES: Readonly<Record<Life, number>> = { busy: 0, lazy: 1 };
const PTES: Readonly<Record<Ptes, number>> = { gone: 0, perhaps: 1, there: 2 };
/** The owners of areas. pcpuGets, which are known by their base, follow them. */
const OWNERS: Readonly<Record<Exclude<Owner, number>, number>> = { alloc: 0, map: 1, vmap: 2 };
const PERCPU = 3;

export function addWorld(world: ImmutableWorld, to: Fingerprint): void {
  to.add(world.initialised ? 1 : 0);
  to.add(world.lazyPages);
  to.add(world.deadPtes);
  for (const area of world.areas) addArea(area, to);
  to.add(LIST_END);
  addStale(world.dead, to);
  for (const { start, end } of world.unflushed) {
    to.add(start);
    to.add(end);
  }
  to.add(LIST_END);
  addTlbs(world, to);
  addPooled(world.pooled, to);
  to.addFrame(world.nextFrame);
}

/** In the order in which pools decay. */
function addPooled(pooled: PooledExtents, to: Fingerprint): void {
  for (const { start, end, node, sure } of pooled) {
    to.add(start);
    to.add(end);
    to.add(node);
    to.add(sure ? 1 : 0);
  }
  to.add(LIST_END);
}

function addArea({ start, end, life, by, mapped, frame, block, node }: Area, to: Fingerprint): void {
  to.add(start);
  to.add(end);
  to.add((typeof by === "number" ? PERCPU + by : OWNERS[by]) * 2 + LIVES[life]);
  to.add(node ?? LIST_END);
  to.add(mapped);
  to.addFrames(frame, mapped);
  if (block === undefined) to.add(LIST_END);
  else addBlock(block, start, end, to);
}

function addBlock(block: Block, start: Vpn, end: Vpn, to: Fingerprint): void {
  to.add(block.cpu);
  to.add(block.given);
  to.add(block.givenBack);
  to.add(block.held);
  for (let page = start; page < end; page++) addPage(block, page, to);
}

/** A page of a block: never given out, given out, or the first of a map that is held. */
function addPage({ maps }: Block, page: Vpn, to: Fingerprint): void {
  let isGiven = 0;
  for (const { start, end, count, frame, held } of maps) {
    if (page < start || page >= end) continue;
    isGiven = 1;
    if (!held || page !== start) continue;
    to.add(1 + count);
    to.addFrames(frame, count);
  }
  to.add(isGiven);
}

/** What may still be translated, by its first page. The order of frees makes no difference. */
function addStale(dead: readonly StaleMapping[], to: Fingerprint): void {
  const sorted = dead.length < 2 ? dead : dead.toSorted((a, b) => a.start - b.start);
  for (const { start, end, frame, ptes } of sorted) {
    to.add(start);
    to.add(end);
    to.add(PTES[ptes]);
    to.addFrames(frame, end - start);
  }
  to.add(LIST_END);
}

/** By CPU, then by page. */
function addTlbs({ tlbs, scope }: ImmutableWorld, to: Fingerprint): void {
  if (!tlbs.isEmpty()) for (let cpu = 0; cpu < scope.cpus; cpu++) addTlb(cpu, tlbs.get(cpu), to);
  to.add(LIST_END);
}

function addTlb(cpu: number, tlb: Tlb | undefined, to: Fingerprint): void {
  if (tlb === undefined || tlb.isEmpty()) return;
  for (const page of [...tlb.keys()].sort((a, b) => a - b)) {
    to.add(cpu);
    to.add(page);
    to.addFrame(tlb.get(page) as Pfn);
  }
}
