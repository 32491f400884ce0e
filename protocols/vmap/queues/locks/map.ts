/** vm_map_ram of one page: vb_alloc walks the queue of its CPU; if no block has room, new_vmap_block. */
import { adds, compare, sets } from "../../../../engine/operations.ts";
import { has } from "../../../../engine/reduce/conditions.ts";
import { IDLE, type Step } from "../../../program.ts";
import { makesBlock } from "../../vmap-blocks.ts";
import { mapRam, readUnlock } from "../rcu.ts";
import {
  type BlockFields,
  type CpuFields,
  forgets,
  type Locks,
  NEW,
  NONE,
  type QueueFields,
  STANDING,
} from "./fields.ts";
import { isThere, servedFromQueue } from "./laws.ts";
import { listAddTail, listDel } from "./links.ts";

/** When vb->cpu is written: never (to 6.9), when the block is in the index (6.10), or before (6.11 on). */
export type CpuWritten = "never" | "after" | "before";

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
