/**
 * vm_unmap_aliases of 6.5 and later: under the purge lock, through the index. What it flushes is told elsewhere
 * (protocols/blocks); here it is how it takes fragmented blocks off the queues.
 *
 * The kernel spares a fragmented block of which a quarter is left; blocks here have a page left, and are large.
 */
import { has } from "../../../../engine/reduce/conditions.ts";
import { IDLE, type Step } from "../../../program.ts";
import { type BlockFields, type CpuFields, type Locks, NEW, type QueueFields, STANDING } from "./fields.ts";
import { isInitialised } from "./laws.ts";
import { listDel } from "./links.ts";
import { freeBlock } from "./unmap.ts";

/** Under which queue's lock a block is taken off its queue. */
export type LockRule = "of the index" | "of vb->cpu";

/** Blocks in the order of the index: it is in as many parts as there are CPUs, a block's by its address. */
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
        does: (state) => m.purgeLock.set(state, cpu.index + 1),
        writes: [m.purgeLock],
      },
      ...blocks.flatMap((block, nth) => looks(m, cpu, block, rule, phase(nth), phase(nth + 1))),
      ...m.blocks.map((block) => freesPurged(m, block)),
      {
        at: "free_purged_blocks",
        says: "has freed all of them, unlocks; returns",
        to: IDLE,
        when: m.blocks.map(({ purgeListed }) => has(purgeListed, 0)),
        does: (state) => m.purgeLock.set(state, 0),
        writes: [m.purgeLock],
      },
    ];
  };

function isFragmented({ scope }: Locks, { free, dirty }: BlockFields, state: Int32Array): boolean {
  return free.get(state) + dirty.get(state) === scope.pages && dirty.get(state) < scope.pages;
}

/** One block: passed by if it is not in the index or not fragmented, else taken off its queue. */
function looks(m: Locks, cpu: CpuFields, block: BlockFields, rule: LockRule, at: string, to: string): Step[] {
  const { index, here, life, free, dirty, lock, cpuIsSet, maker, purgeListed } = block;
  const found = { at, when: [has(life, NEW, STANDING), has(lock, 0)] };
  const asserts = rule === "of vb->cpu" ? [isInitialised(block)] : [];
  const reads = [free, dirty, cpuIsSet];
  const deletes = `purge_fragmented_block ${index}`;
  const queues = rule === "of vb->cpu" ? m.queues : [m.queues[partOf(m, block)] as QueueFields];
  return [
    {
      at,
      says: `does not find block ${index}`,
      to,
      guard: (state) => life.get(state) !== NEW && life.get(state) !== STANDING,
      reads: [life],
    },
    {
      ...found,
      says: `passes block ${index}`,
      to,
      guard: (state) => !isFragmented(m, block, state),
      asserts,
      reads,
    },
    {
      ...found,
      says: `condemns fragmented block ${index}`,
      to: deletes,
      guard: (state) => isFragmented(m, block, state),
      does: (state) => {
        free.set(state, 0);
        dirty.set(state, m.scope.pages);
        lock.set(state, cpu.index + 1);
        purgeListed.set(state, 1);
        cpu.at.set(state, here);
      },
      asserts,
      reads,
      writes: [free, dirty, lock, purgeListed, cpu.at],
    },
    ...queues.flatMap((queue) =>
      listDel(
        m,
        cpu,
        { at: deletes, block, queue, when: rule === "of vb->cpu" ? [has(maker, queue.here)] : [] },
        { to, says: "", does: (state) => cpu.at.set(state, 0), writes: [cpu.at] },
      ),
    ),
  ];
}

/** free_vmap_block of a block condemned. */
function freesPurged(m: Locks, block: BlockFields): Step {
  return {
    at: "free_purged_blocks",
    says: `takes block ${block.index} out of the index, hands it to RCU`,
    to: "free_purged_blocks",
    when: [has(block.purgeListed, 1)],
    does: (state) => {
      block.purgeListed.set(state, 0);
      freeBlock(m, block, state);
    },
    reads: [m.readers],
    writes: [block.purgeListed, block.life, block.waits],
  };
}
