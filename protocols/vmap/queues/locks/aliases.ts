/**
 * vm_unmap_aliases of 6.5 and later: under the purge lock, through the index. Its flushes are described in
 * protocols/vmap/blocks; this file describes how it takes fragmented blocks off the queues.
 *
 * The kernel keeps a fragmented block of which a quarter is left. Here a block is freed even with a page left, as if it
 * were large.
 */
import { not, sets } from "../../../../engine/operations.ts";
import { has, hasNot } from "../../../../engine/reduce/conditions.ts";
import { IDLE, type Step } from "../../../program.ts";
import { condemns, freesCondemned, isFragmented } from "../../vmap-blocks.ts";
import { type BlockFields, type CpuFields, type Locks, NEW, type QueueFields, STANDING } from "./fields.ts";
import { isInitialised } from "./laws.ts";
import { listDel } from "./links.ts";
import { freesBlock } from "./unmap.ts";

/** The queue whose lock is held while a block is taken off its queue. */
export type LockRule = "of the index" | "of vb->cpu";

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
