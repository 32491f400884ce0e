/**
 * vm_map_ram of one page (vb_alloc walks the queue of its CPU; if no block has room, new_vmap_block), vm_unmap_ram and
 * vm_unmap_aliases.
 */
import { adds, clears, compare, not, type Operations, sets } from "../../../../engine/operations.ts";
import { has, hasNot } from "../../../../engine/reduce/conditions.ts";
import { hardwareStep, IDLE, type Step, type StepAction } from "../../../program.ts";
import { condemns, freesCondemned, isFragmented, makesBlock, unmapsPage } from "../../vmap-blocks.ts";
import { callRcu, mapRam, readUnlock } from "../rcu.ts";
import {
  type BlockFields,
  type CpuFields,
  forgets,
  GONE,
  isInitialised,
  isThere,
  type Locks,
  listAddTail,
  listDel,
  NEW,
  NONE,
  type QueueFields,
  STANDING,
  servedFromQueue,
} from "./fields.ts";

/** When vb->cpu is written: never (to 6.9), when the block is in the index (6.10), or before (6.11 on). */
type CpuWritten = "never" | "after" | "before";

export const mapFromQueue =
  (cpuWritten: CpuWritten) =>
  (m: Locks, cpu: CpuFields): Step[] => {
    const queue = m.queues[cpu.index] as QueueFields;
    return mapRam(
      m,
      cpu,
      { first: queue.next, head: queue.here },
      {
        looks: m.blocks.flatMap((block) => looksForPage(m, cpu, queue, block)),
        makes: makesFirstFree(m, cpu, cpuWritten),
        adds: m.blocks.flatMap((block) =>
          listAddTail(
            m,
            cpu,
            { at: "list_add_tail", block, queue },
            {
              to: IDLE,
              says: "returns",
              does: [sets(block.life, STANDING), forgets(cpu)],
              asserts: [servedFromQueue(m, cpu, block)],
            },
          ),
        ),
      },
    );
  };

/**
 * The walk is at a block: it takes a page under the block's lock, and with the last page takes the block off the queue.
 */
function looksForPage(m: Locks, cpu: CpuFields, queue: QueueFields, block: BlockFields): Step[] {
  const { index, here, free, lock, next } = block;
  const ours = has(cpu.at, here);
  const returns = [readUnlock(m, cpu), sets(cpu.at, 0)];
  const asserts = [isThere(block)];
  return [
    {
      at: "vb_alloc",
      says: `takes a page of block ${index}; returns`,
      to: IDLE,
      when: [ours, has(lock, 0), compare(1, "<", free)],
      does: [adds(free, -1), returns],
      asserts,
    },
    {
      at: "vb_alloc",
      says: `takes the last page of block ${index}`,
      to: "vb_alloc: list_del",
      when: [ours, has(lock, 0), has(free, 1)],
      does: [sets(free, 0), sets(lock, cpu.index + 1)],
      asserts,
    },
    ...listDel(
      m,
      cpu,
      { at: "vb_alloc: list_del", block, queue },
      { to: IDLE, says: "; returns", does: returns },
    ),
    {
      at: "vb_alloc",
      says: `finds no page in block ${index}, follows its link`,
      to: "vb_alloc",
      when: [ours, has(free, 0)],
      does: sets(cpu.at, next),
      asserts,
    },
  ];
}

/** The lowest free address. The block's fields are private until it is in the index. */
function makesFirstFree(m: Locks, cpu: CpuFields, cpuWritten: CpuWritten): Step[] {
  return [
    ...makesBlock(
      m.blocks,
      ({ life }) => has(life, NONE),
      ({ index, here, life, free, dirty, maker, cpuIsSet }) => ({
        says: `makes block ${index}, its first page taken; xa_insert`,
        to: cpuWritten === "after" ? "vb->cpu" : "list_add_tail",
        does: [
          sets(life, NEW),
          sets(free, m.scope.pages - 1),
          sets(dirty, 0),
          sets(maker, cpu.index),
          sets(cpuIsSet, cpuWritten === "before" ? 1 : 0),
          sets(cpu.at, here),
        ],
      }),
      forgets(cpu),
    ),
    ...(cpuWritten === "after" ? m.blocks : []).map(({ index, here, cpuIsSet }) => ({
      at: "vb->cpu",
      says: `writes vb->cpu of block ${index}`,
      to: "list_add_tail",
      when: [has(cpu.at, here)],
      does: sets(cpuIsSet, 1),
    })),
  ];
}

// vm_unmap_ram of one page: vb_free, and for the last page of a block free_vmap_block. Other calls free blocks, too.

/** Removes the block from the index (xa_erase) and hands it to RCU. */
const freesBlock = (m: Locks, { index, life, waits }: BlockFields): Operations => [
  sets(life, GONE),
  callRcu(m, waits, `block ${index}`),
];

export const unmapFromBlock = (m: Locks, cpu: CpuFields): Step[] =>
  m.blocks.flatMap((block) => {
    const isHeld = [has(block.lock, 0), has(block.life, STANDING)];
    return [
      ...unmapsPage(block, m.scope.pages, isHeld, sets(cpu.at, block.here)),
      {
        at: "free_vmap_block",
        says: `takes block ${block.index} out of the index, hands it to RCU; returns`,
        to: IDLE,
        when: [has(cpu.at, block.here)],
        does: [freesBlock(m, block), sets(cpu.at, 0)],
      },
    ];
  });

/**
 * The ends of grace periods: callbacks, which CPU 0 runs. The old contents of the memory stay, and no step depends on
 * them.
 */
export function graceEnds(m: Locks): StepAction[] {
  return m.blocks.map(({ index, life, waits, free, dirty, next, prev, maker, cpuIsSet }) =>
    hardwareStep(
      0,
      {
        says: `RCU frees block ${index}`,
        when: [has(life, GONE), has(waits, 0)],
        does: [sets(life, NONE), clears(free, dirty, next, prev, maker, cpuIsSet)],
      },
      true,
    ),
  );
}

// vm_unmap_aliases of 6.5 and later: under the purge lock, through the index. Its flushes are described in
// protocols/vmap/blocks; here is how it takes fragmented blocks off the queues.
//
// The kernel keeps a fragmented block of which a quarter is left. Here a block is freed even with a page left, as if it
// were large.

/** The queue whose lock is held while a block is taken off its queue. */
type LockRule = "of the index" | "of vb->cpu";

/** Blocks in the order of the index: it has one part for each CPU, and a block's address gives its part. */
const partOf = (m: Locks, { index }: BlockFields) => index % m.scope.cpus;
const inOrder = (m: Locks) => m.blocks.toSorted((a, b) => partOf(m, a) - partOf(m, b) || a.index - b.index);

export const aliasesThroughIndex =
  (rule: LockRule) =>
  (m: Locks, cpu: CpuFields): Step[] => {
    const blocks = inOrder(m);
    const phase = (nth: number) => {
      const block = blocks[nth];
      return block === undefined ? "free_purged_blocks" : `looks at block ${block.index}`;
    };
    return [
      {
        at: IDLE,
        says: "vm_unmap_aliases: takes the purge lock",
        to: phase(0),
        when: [has(m.purgeLock, 0)],
        does: sets(m.purgeLock, cpu.index + 1),
      },
      ...blocks.flatMap((block, nth) => looks(m, cpu, block, rule, phase(nth), phase(nth + 1))),
      ...freesCondemned(
        m.blocks,
        (block) => ({
          says: `takes block ${block.index} out of the index, hands it to RCU`,
          does: [sets(block.purgeListed, 0), freesBlock(m, block)],
        }),
        { says: "has freed all of them, unlocks; returns", to: IDLE, does: sets(m.purgeLock, 0) },
      ),
    ];
  };

/** One block: skipped if it is not in the index or not fragmented, else taken off its queue. */
function looks(m: Locks, cpu: CpuFields, block: BlockFields, rule: LockRule, at: string, to: string): Step[] {
  const { index, here, life, lock, maker } = block;
  const found = [has(life, NEW, STANDING), has(lock, 0)];
  const fragmented = isFragmented(block, m.scope.pages);
  const asserts = rule === "of vb->cpu" ? [isInitialised(block)] : [];
  const deletes = `purge_fragmented_block ${index}`;
  const queues = rule === "of vb->cpu" ? m.queues : [m.queues[partOf(m, block)] as QueueFields];
  return [
    {
      at,
      says: `does not find block ${index}`,
      to,
      when: [hasNot(life, NEW, STANDING)],
    },
    {
      at,
      says: `passes block ${index}`,
      to,
      when: [...found, not(fragmented)],
      asserts,
    },
    {
      at,
      says: `condemns fragmented block ${index}`,
      to: deletes,
      when: [...found, fragmented],
      does: [condemns(block, m.scope.pages), sets(lock, cpu.index + 1), sets(cpu.at, here)],
      asserts,
    },
    ...queues.flatMap((queue) =>
      listDel(
        m,
        cpu,
        { at: deletes, block, queue, when: rule === "of vb->cpu" ? [has(maker, queue.here)] : [] },
        { to, says: "", does: sets(cpu.at, 0) },
      ),
    ),
  ];
}
