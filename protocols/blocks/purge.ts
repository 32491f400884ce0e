/**
 * What is done under the purge lock: lazy areas are gathered, every CPU flushes one range, the areas are released.
 * vm_unmap_aliases ends with it, and a worker (before 5.18 whoever freed one area too many) does nothing else.
 */
import { has } from "../../engine/conditions.ts";
import { flushBeforeReuse } from "../../spec/laws/purging.ts";
import { noAliasAfterUnmapAliases } from "../../spec/laws/translation.ts";
import { PAGE_SIZE } from "../../spec/vocabulary.ts";
import { aliasesLeft, done, keeps } from "../judged.ts";
import { hardwareStep, IDLE, type Step, type StepAction } from "../program.ts";
import {
  allOf,
  type BlockFields,
  type Blocks,
  type CpuFields,
  forgetUnmapped,
  forgotten,
  LAZY,
  mappedSomewhere,
  NONE,
  PURGING,
  pagesBetween,
  STANDING,
  tlbsOf,
  widen,
} from "./fields.ts";
import { becomeLazy } from "./unmap.ts";

const gathered = (m: Blocks) => m.blocks.map(({ life }) => life);
const range = (m: Blocks) => [m.rangeStart, m.rangeEnd];

/** The whole of a block joins the range: its area is lazy. */
function widenByBlock(m: Blocks, { first }: BlockFields, state: Int32Array): void {
  widen(m.rangeStart, m.rangeEnd, state, first, first + m.scope.pages);
}

/** What vm_unmap_aliases promises when it returns; of a worker, which owes nobody anything, nothing. */
function promised(m: Blocks, cpu: CpuFields) {
  return keeps(noAliasAfterUnmapAliases, (state) =>
    aliasesLeft(
      cpu.owed.get(state),
      m.ptes.get(state),
      m.cpus.map(({ tlb }) => tlb.get(state)),
    ),
  );
}
const promisedReads = (m: Blocks, cpu: CpuFields) => [cpu.owed, m.ptes, ...tlbsOf(m)];

/** Gathering: at once, as one lazy list under one lock (to 6.8). */
export function gatherAll(m: Blocks, clearsPtes: boolean): Step[] {
  return gather(m, "gather", m.blocks, "purge", clearsPtes);
}

/** Gathering node by node, each under its own lock (6.9 on): here an area's node is its block's number modulo two. */
export function gatherByNode(m: Blocks): Step[] {
  const ofNode = (node: number) => m.blocks.filter(({ index }) => index % 2 === node);
  if (m.blocks.length === 1) return gatherAll(m, false);
  return [
    ...gather(m, "gather", ofNode(0), "gather node 1", false),
    ...gather(m, "gather node 1", ofNode(1), "purge", false),
  ];
}

function gather(
  m: Blocks,
  at: string,
  blocks: readonly BlockFields[],
  to: string,
  clearsPtes: boolean,
): Step[] {
  return [
    {
      at,
      says: "takes what is lazy off the list",
      to,
      does: (state) => {
        for (const block of blocks) {
          if (block.life.get(state) !== LAZY) continue;
          block.life.set(state, PURGING);
          widenByBlock(m, block, state);
          if (clearsPtes) m.ptes.set(state, m.ptes.get(state) & ~block.all);
        }
        if (clearsPtes) forgetUnmapped(m, state);
      },
      reads: [...gathered(m), ...range(m), ...(clearsPtes ? [m.ptes, ...forgotten(m), ...tlbsOf(m)] : [])],
      writes: [...gathered(m), ...range(m), ...(clearsPtes ? [m.ptes, ...forgotten(m)] : [])],
    },
  ];
}

/** The flush of the range, if there is one; then what was gathered is released, and the lock given back. */
export function flushAndRelease(m: Blocks, cpu: CpuFields): Step[] {
  const everyCpu = 2 ** m.scope.cpus - 1;
  const isEmpty = (state: Int32Array) => m.rangeStart.get(state) >= m.rangeEnd.get(state);
  return [
    {
      at: "purge",
      says: "has nothing to flush: unlocks; returns",
      to: IDLE,
      guard: isEmpty,
      does: (state) => {
        m.purgeLock.set(state, 0);
        cpu.owed.set(state, 0);
      },
      asserts: [promised(m, cpu)],
      reads: [...range(m), ...promisedReads(m, cpu)],
      writes: [m.purgeLock, cpu.owed],
    },
    {
      at: "purge",
      says: "flush_tlb_kernel_range: asks every CPU",
      to: "flush_tlb_kernel_range",
      guard: (state) => !isEmpty(state),
      does: (state) => m.pending.set(state, everyCpu),
      reads: range(m),
      writes: [m.pending],
    },
    {
      at: "flush_tlb_kernel_range",
      says: "all have flushed: releases, unlocks; returns",
      to: IDLE,
      when: [has(m.pending, 0)],
      does: (state) => {
        for (const { life } of m.blocks) if (life.get(state) === PURGING) life.set(state, NONE);
        m.rangeStart.set(state, 0);
        m.rangeEnd.set(state, 0);
        m.purgeLock.set(state, 0);
        cpu.owed.set(state, 0);
      },
      asserts: [promised(m, cpu), releasedFlushed(m)],
      reads: [...gathered(m), ...range(m), ...promisedReads(m, cpu)],
      writes: [...gathered(m), ...range(m), m.purgeLock, cpu.owed],
    },
  ];
}

/** What is released may be handed out again at once: no CPU translates it. */
function releasedFlushed(m: Blocks) {
  return keeps(flushBeforeReuse, (state) => {
    let released = 0;
    for (const { life, all } of m.blocks) if (life.get(state) === PURGING) released |= all;
    return {
      command: { op: "alloc", size: m.pages, align: PAGE_SIZE, vstart: 0, vend: m.pages, map: true },
      response: { ...done, kind: "placed", start: 0, mapStopped: false },
      before: { promises: { guard: { inside: 0 } } as never },
      after: {
        unflushedIn: ({ start, end }) =>
          (mappedSomewhere(m, state) & released & pagesBetween(start, end)) !== 0,
      },
    };
  });
}

/** The interrupt in which a CPU flushes the range. */
export function flushes(m: Blocks, cpu: CpuFields): StepAction {
  return hardwareStep(
    cpu.index,
    {
      says: "flushes the range",
      guard: (state) => ((m.pending.get(state) >>> cpu.index) & 1) === 1,
      does: (state) => {
        const pages = pagesBetween(m.rangeStart.get(state), m.rangeEnd.get(state));
        cpu.tlb.set(state, cpu.tlb.get(state) & ~pages);
        m.pending.set(state, m.pending.get(state) & ~(1 << cpu.index));
        forgetUnmapped(m, state);
      },
      reads: [m.pending, ...range(m), m.ptes, ...tlbsOf(m), ...forgotten(m)],
      writes: [cpu.tlb, m.pending, ...forgotten(m)],
    },
    true,
  );
}

/** Someone purges who promised nothing: the worker of 5.18 on, or a free that found too much lazy. */
export function purgeAlone(m: Blocks, cpu: CpuFields): Step {
  return {
    at: IDLE,
    says: "a purge begins: takes the purge lock",
    to: "gather",
    when: [has(m.purgeLock, 0)],
    guard: (state) => m.blocks.some(({ life }) => life.get(state) === LAZY),
    does: (state) => m.purgeLock.set(state, cpu.index + 1),
    reads: gathered(m),
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

/** Nobody maps from it any more, nobody purges it a second time, and it is on the purger's own list. */
export function condemn({ scope }: Blocks, block: BlockFields, state: Int32Array): void {
  block.free.set(state, 0);
  block.dirty.set(state, scope.pages);
  block.dirtyMin.set(state, 0);
  block.dirtyMax.set(state, scope.pages);
  block.listed.set(state, 0);
  block.purgeListed.set(state, 1);
}

/** free_vmap_block of each block condemned, under the purge lock. */
export function freePurgedBlocks(m: Blocks, at: string, to: string): Step[] {
  const condemned = m.blocks.map(({ purgeListed }) => purgeListed);
  return [
    ...m.blocks.map((block) => ({
      at,
      says: `frees block ${block.index}: out of the index, on the lazy list`,
      to: at,
      when: [has(block.purgeListed, 1)],
      does: (state: Int32Array) => becomeLazy(block, state),
      reads: [],
      writes: allOf(block),
    })),
    { at, says: "has freed all of them", to, when: condemned.map((field) => has(field, 0)) },
  ];
}
