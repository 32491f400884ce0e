/**
 * The work under the purge lock: lazy areas are gathered, every CPU flushes one range, the areas are released.
 * vm_unmap_aliases ends with it. A worker (before 5.18 a free that exceeds the lazy limit) does nothing else.
 */
import {
  all,
  called,
  clears,
  inCase,
  type Operations,
  sets,
  someIs,
  type Test,
  widens,
} from "../../../engine/operations.ts";
import { has, hasNot } from "../../../engine/reduce/conditions.ts";
import { hardwareStep, IDLE, type Step, type StepAction } from "../../program.ts";
import { condemns, freesCondemned, isFragmented } from "../vmap-blocks.ts";
import { becomesLazy } from "./calls.ts";
import {
  type BlockFields,
  type Blocks,
  type CpuFields,
  dropsTranslation,
  isInUse,
  LAZY,
  losesPte,
  NONE,
  noFlushPending,
  nothingMapped,
  promised,
  releasedFlushed,
  sharedRange,
  underLock,
} from "./fields.ts";

/** Gathering: at once, as one lazy list under one lock (to 6.8). */
export function gatherAll(m: Blocks, cpu: CpuFields): Step[] {
  return [gather(m, cpu, "gather", m.blocks, "purge")];
}

/** Gathering node by node, each under its own lock (6.9 on): an area's node is its block's number modulo two. */
export function gatherByNode(m: Blocks, cpu: CpuFields): Step[] {
  const ofNode = (node: number) => m.blocks.filter(({ index }) => index % 2 === node);
  if (m.blocks.length === 1) return gatherAll(m, cpu);
  return [
    gather(m, cpu, "gather", ofNode(0), "gather node 1"),
    gather(m, cpu, "gather node 1", ofNode(1), "purge"),
  ];
}

/** The whole of each lazy block joins the range. Up to 2.6.37 its PTEs are cleared here. */
const gather = (m: Blocks, cpu: CpuFields, at: string, blocks: readonly BlockFields[], to: string): Step => ({
  at,
  says: "takes what is lazy off the list",
  to,
  redundant: underLock(m, cpu),
  does: blocks.map(({ life, purging, first, pages }) =>
    inCase(all(has(life, LAZY), has(purging, 0)), [
      sets(purging, 1),
      widens(sharedRange(m), { start: first, end: first + m.scope.pages }),
      m.lazyPtes ? pages.map(losesPte) : [],
    ]),
  ),
});

/** The flush of the range, if there is one; then the gathered blocks and the purge lock are released. */
export function flushAndRelease(m: Blocks, cpu: CpuFields): Step[] {
  return [
    {
      at: "purge",
      says: "has nothing to flush: unlocks; returns",
      to: IDLE,
      when: [has(m.rangeEnd, 0)],
      redundant: underLock(m, cpu),
      does: sets(m.purgeLock, 0),
      asserts: [promised(m, cpu)],
    },
    {
      at: "purge",
      says: "flush_tlb_kernel_range: asks every CPU",
      to: "flush_tlb_kernel_range",
      when: [hasNot(m.rangeEnd, 0)],
      redundant: underLock(m, cpu),
      does: m.cpus.map(({ pending }) => sets(pending, 1)),
    },
    ...choicesOf(m.blocks).map((released) => releases(m, cpu, released)),
  ];
}

/** Every subset of these blocks. */
function choicesOf(blocks: readonly BlockFields[]): BlockFields[][] {
  return Array.from({ length: 2 ** blocks.length }, (_none, bits) =>
    blocks.filter(({ index }) => ((bits >>> index) & 1) === 1),
  );
}

/**
 * Exactly these blocks were gathered. There is a step for each subset, so that a step touches only the blocks it
 * releases and commutes with maps of others.
 */
const releases = (m: Blocks, cpu: CpuFields, released: readonly BlockFields[]): Step => ({
  at: "flush_tlb_kernel_range",
  says: "all have flushed: releases, unlocks; returns",
  to: IDLE,
  when: [
    ...noFlushPending(m),
    ...m.blocks.map((block) => has(block.purging, released.includes(block) ? 1 : 0)),
  ],
  redundant: [has(m.purgeLock, cpu.index + 1), ...released.map(({ life }) => has(life, LAZY))],
  does: [
    released.map(({ life, purging }) => [sets(life, NONE), sets(purging, 0)]),
    clears(m.rangeStart, m.rangeEnd, m.purgeLock),
  ],
  asserts: [promised(m, cpu), ...(released.length > 0 ? [releasedFlushed(m, released)] : [])],
});

/**
 * The interrupt in which a CPU flushes the range: a step for each possible range, so that it touches no page outside.
 */
export function flushes(m: Blocks, cpu: CpuFields): StepAction[] {
  return m.pages.flatMap((_first, start) =>
    m.pages.slice(start).map((_last, more) => flushesRange(m, cpu, start, start + more + 1)),
  );
}

function flushesRange(m: Blocks, { index, pending }: CpuFields, start: number, end: number): StepAction {
  return hardwareStep(
    index,
    {
      says: "flushes the range",
      when: [has(pending, 1), has(m.rangeStart, start), has(m.rangeEnd, end)],
      does: [m.pages.slice(start, end).map((page) => dropsTranslation(m, page, index)), sets(pending, 0)],
    },
    true,
  );
}

/** A purge without a promise to a caller: by the worker (5.18 on), or by a free that exceeds the lazy limit. */
export const purgeAlone = (m: Blocks, cpu: CpuFields): Step => ({
  at: IDLE,
  says: "a purge begins: takes the purge lock",
  to: "gather",
  when: [
    has(m.purgeLock, 0),
    someIs(
      m.blocks.map(({ life }) => life),
      LAZY,
    ),
  ],
  redundant: noFlushPending(m),
  does: sets(m.purgeLock, cpu.index + 1),
});

/** A block in use in which nothing is mapped, not all of it dirty. */
export const isFragmentedBlock = ({ scope }: Blocks, block: BlockFields): Test =>
  called(`block ${block.index} is fragmented`, all(isInUse(block), isFragmented(block, scope.pages)));

/** Its whole range is to be flushed, and it is not on the list of blocks with free pages. */
export const condemnsBlock = ({ scope }: Blocks, block: BlockFields): Operations => [
  condemns(block, scope.pages),
  sets(block.dirtyMin, 0),
  sets(block.dirtyMax, scope.pages),
  sets(block.listed, 0),
];

/** free_vmap_block of each condemned block, under the purge lock; then the lazy areas are gathered. */
export const freePurgedBlocks = (m: Blocks, cpu: CpuFields): Step[] =>
  freesCondemned(
    m.blocks,
    (block) => ({
      says: `frees block ${block.index}: out of the index, on the lazy list`,
      redundant: [...underLock(m, cpu), has(block.listed, 0), isInUse(block), ...nothingMapped(m, block)],
      does: becomesLazy(block),
    }),
    { says: "has freed all of them", to: "gather", redundant: underLock(m, cpu) },
  );
