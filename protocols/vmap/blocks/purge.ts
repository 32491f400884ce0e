/**
 * What is done under the purge lock: lazy areas are gathered, every CPU flushes one range, the areas are released.
 * vm_unmap_aliases ends with it, and a worker (before 5.18 whoever freed one area too many) does nothing else.
 */
import { has, hasNot } from "../../../engine/reduce/conditions.ts";
import { hardwareStep, IDLE, type Step, type StepAction } from "../../program.ts";
import { type BlockFields, type Blocks, type CpuFields, LAZY, NONE, STANDING, widen } from "./fields.ts";
import { nobodyFlushes, nothingMapped, stands, underLock } from "./redundant-guards.ts";
import {
  forgetsIn,
  losesPte,
  promised,
  promisedReads,
  releasedFlushed,
  releasedReads,
} from "./stale-pages.ts";
import { becomesLazy } from "./unmap.ts";

const range = (m: Blocks) => [m.rangeStart, m.rangeEnd];

/** Gathering: at once, as one lazy list under one lock (to 6.8). */
export function gatherAll(m: Blocks, cpu: CpuFields): Step[] {
  return [gather(m, cpu, "gather", m.blocks, "purge")];
}

/** Gathering node by node, each under its own lock (6.9 on): here an area's node is its block's number modulo two. */
export function gatherByNode(m: Blocks, cpu: CpuFields): Step[] {
  const ofNode = (node: number) => m.blocks.filter(({ index }) => index % 2 === node);
  if (m.blocks.length === 1) return gatherAll(m, cpu);
  return [
    gather(m, cpu, "gather", ofNode(0), "gather node 1"),
    gather(m, cpu, "gather node 1", ofNode(1), "purge"),
  ];
}

/** What is lazy joins the range, all of each block. To 2.6.37 its PTEs are cleared here. */
function gather(m: Blocks, cpu: CpuFields, at: string, blocks: readonly BlockFields[], to: string): Step {
  const clearing = (block: BlockFields) => (m.lazyPtes ? block.pages.map(losesPte) : []);
  const parts = blocks.flatMap(clearing);
  const fields = [...blocks.map(({ purging }) => purging), ...range(m)];
  return {
    at,
    says: "takes what is lazy off the list",
    to,
    when: underLock(m, cpu),
    does: (state) => {
      for (const block of blocks) {
        const { life, purging, first } = block;
        if (life.get(state) !== LAZY || purging.get(state) === 1) continue;
        purging.set(state, 1);
        widen(m.rangeStart, m.rangeEnd, state, first, first + m.scope.pages);
        for (const part of clearing(block)) part.does(state);
      }
    },
    reads: [...blocks.map(({ life }) => life), ...fields, ...parts.flatMap(({ reads }) => reads)],
    writes: [...fields, ...parts.flatMap(({ writes }) => writes)],
  };
}

/** The flush of the range, if there is one; then what was gathered is released, and the lock given back. */
export function flushAndRelease(m: Blocks, cpu: CpuFields): Step[] {
  const pending = m.cpus.map((each) => each.pending);
  return [
    {
      at: "purge",
      says: "has nothing to flush: unlocks; returns",
      to: IDLE,
      when: [...underLock(m, cpu), has(m.rangeEnd, 0)],
      does: (state) => m.purgeLock.set(state, 0),
      asserts: [promised(m, cpu)],
      reads: promisedReads(m, cpu),
      writes: [m.purgeLock],
    },
    {
      at: "purge",
      says: "flush_tlb_kernel_range: asks every CPU",
      to: "flush_tlb_kernel_range",
      when: [...underLock(m, cpu), hasNot(m.rangeEnd, 0)],
      does: (state) => {
        for (const field of pending) field.set(state, 1);
      },
      writes: pending,
    },
    ...choicesOf(m.blocks).map((released) => releases(m, cpu, released)),
  ];
}

/** Every set of them. */
function choicesOf(blocks: readonly BlockFields[]): BlockFields[][] {
  return Array.from({ length: 2 ** blocks.length }, (_none, bits) =>
    blocks.filter(({ index }) => ((bits >>> index) & 1) === 1),
  );
}

/**
 * Just these blocks were gathered. It is a step for each choice of them, as what it does not release it does not
 * touch: no map waits for that. That their areas are lazy is redundant (redundant.ts).
 */
function releases(m: Blocks, cpu: CpuFields, released: readonly BlockFields[]): Step {
  const freed = [m.purgeLock, ...range(m), ...released.map(({ purging }) => purging)];
  return {
    at: "flush_tlb_kernel_range",
    says: "all have flushed: releases, unlocks; returns",
    to: IDLE,
    when: [
      ...underLock(m, cpu),
      ...m.blocks.map((block) => has(block.purging, released.includes(block) ? 1 : 0)),
      ...released.map(({ life }) => has(life, LAZY)),
    ],
    does: (state) => {
      for (const field of freed) field.set(state, 0);
      for (const { life } of released) life.set(state, NONE);
    },
    asserts: [promised(m, cpu), ...(released.length > 0 ? [releasedFlushed(m, released)] : [])],
    reads: [...promisedReads(m, cpu), ...releasedReads(released)],
    writes: [...freed, ...released.map(({ life }) => life)],
  };
}

/**
 * The interrupt in which a CPU flushes the range: a step for each that there may be, as it does not touch what is
 * outside.
 */
export function flushes(m: Blocks, cpu: CpuFields): StepAction[] {
  return m.pages.flatMap((_first, start) =>
    m.pages.slice(start).map((_last, more) => flushesRange(m, cpu, start, start + more + 1)),
  );
}

function flushesRange(m: Blocks, cpu: CpuFields, start: number, end: number): StepAction {
  const parts = m.pages.slice(start, end).map((page) => forgetsIn(m, page, cpu.index));
  return hardwareStep(
    cpu.index,
    {
      says: "flushes the range",
      when: [has(cpu.pending, 1), has(m.rangeStart, start), has(m.rangeEnd, end)],
      does: (state) => {
        for (const part of parts) part.does(state);
        cpu.pending.set(state, 0);
      },
      reads: parts.flatMap(({ reads }) => reads),
      writes: [cpu.pending, ...parts.flatMap(({ writes }) => writes)],
    },
    true,
  );
}

/** Someone purges who promised nothing: the worker of 5.18 on, or a free that found too much lazy. */
export function purgeAlone(m: Blocks, cpu: CpuFields): Step {
  const lives = m.blocks.map(({ life }) => life);
  return {
    at: IDLE,
    says: "a purge begins: takes the purge lock",
    to: "gather",
    when: [has(m.purgeLock, 0), ...nobodyFlushes(m)],
    guard: (state) => lives.some((life) => life.get(state) === LAZY),
    does: (state) => m.purgeLock.set(state, cpu.index + 1),
    reads: lives,
    writes: [m.purgeLock],
  };
}

/** A block in which nothing is mapped, not all of it dirty. */
export function isFragmented(
  { scope }: Blocks,
  { life, free, dirty }: BlockFields,
  state: Int32Array,
): boolean {
  const back = dirty.get(state);
  return life.get(state) === STANDING && free.get(state) + back === scope.pages && back !== scope.pages;
}
export const fragmentedReads = ({ life, free, dirty }: BlockFields) => [life, free, dirty];

/** Nobody maps from it any more, nobody purges it a second time, and it is on the purger's own list. */
export function condemns({ scope }: Blocks, block: BlockFields): Required<Pick<Step, "does" | "writes">> {
  const { free, dirty, dirtyMin, dirtyMax, listed, purgeListed } = block;
  return {
    does: (state) => {
      free.set(state, 0);
      dirty.set(state, scope.pages);
      dirtyMin.set(state, 0);
      dirtyMax.set(state, scope.pages);
      listed.set(state, 0);
      purgeListed.set(state, 1);
    },
    writes: [free, dirty, dirtyMin, dirtyMax, listed, purgeListed],
  };
}

/** free_vmap_block of each block condemned, under the purge lock. Such a block is not on the list (redundant.ts). */
export function freePurgedBlocks(m: Blocks, cpu: CpuFields, at: string, to: string): Step[] {
  return [
    ...m.blocks.map((block) => ({
      at,
      says: `frees block ${block.index}: out of the index, on the lazy list`,
      to: at,
      when: [
        ...underLock(m, cpu),
        has(block.purgeListed, 1),
        has(block.listed, 0),
        stands(block),
        ...nothingMapped(m, block),
      ],
      ...becomesLazy(block),
    })),
    {
      at,
      says: "has freed all of them",
      to,
      when: [...underLock(m, cpu), ...m.blocks.map(({ purgeListed }) => has(purgeListed, 0))],
    },
  ];
}
