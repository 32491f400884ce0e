/** vm_map_ram of one page: vb_alloc walks the queue of its CPU; where nothing serves, new_vmap_block. */
import { has } from "../../../../engine/reduce/conditions.ts";
import { IDLE, type Step } from "../../../program.ts";
import { readLock, readUnlock, unlocked } from "../rcu.ts";
import {
  type BlockFields,
  type CpuFields,
  forget,
  forgets,
  type Locks,
  NEW,
  NONE,
  type QueueFields,
  STANDING,
} from "./fields.ts";
import { isThere, servedFromQueue, servedReads } from "./laws.ts";
import { listAddTail, listDel } from "./links.ts";

/** When vb->cpu is written: never (to 6.9), when the block is in the index (6.10), or before (6.11 on). */
export type CpuWritten = "never" | "after" | "before";

export const mapFromQueue =
  (cpuWritten: CpuWritten) =>
  (m: Locks, cpu: CpuFields): Step[] => {
    const queue = m.queues[cpu.index] as QueueFields;
    return [
      {
        at: IDLE,
        says: "vm_map_ram",
        to: "vb_alloc",
        does: (state) => {
          readLock(m, cpu.index, state);
          cpu.at.set(state, queue.next.get(state));
        },
        reads: [m.readers, queue.next],
        writes: [m.readers, cpu.at],
      },
      ...m.blocks.flatMap((block) => looksForPage(m, cpu, queue, block)),
      {
        at: "vb_alloc",
        says: "has been through the queue",
        to: "new_vmap_block",
        when: [has(cpu.at, queue.here)],
        does: (state) => readUnlock(m, cpu.index, state),
        reads: unlocked(m),
        writes: unlocked(m),
      },
      ...makesBlock(m, cpu, cpuWritten),
      ...m.blocks.flatMap((block) => addsToQueue(m, cpu, queue, block)),
    ];
  };

/** The walk stands on a block: takes a page under its lock, and with the last one takes it off the queue. */
function looksForPage(m: Locks, cpu: CpuFields, queue: QueueFields, block: BlockFields): Step[] {
  const { index, here, free, lock, life, next } = block;
  const ours = has(cpu.at, here);
  const returns = (state: Int32Array) => {
    readUnlock(m, cpu.index, state);
    cpu.at.set(state, 0);
  };
  return [
    {
      at: "vb_alloc",
      says: `takes a page of block ${index}; returns`,
      to: IDLE,
      when: [ours, has(lock, 0)],
      guard: (state) => free.get(state) > 1,
      does: (state) => {
        free.set(state, free.get(state) - 1);
        returns(state);
      },
      asserts: [isThere(block)],
      reads: [free, life, ...unlocked(m)],
      writes: [free, cpu.at, ...unlocked(m)],
    },
    {
      at: "vb_alloc",
      says: `takes the last page of block ${index}`,
      to: "vb_alloc: list_del",
      when: [ours, has(lock, 0)],
      guard: (state) => free.get(state) === 1,
      does: (state) => {
        free.set(state, 0);
        lock.set(state, cpu.index + 1);
      },
      asserts: [isThere(block)],
      reads: [free, life],
      writes: [free, lock],
    },
    ...listDel(
      m,
      cpu,
      { at: "vb_alloc: list_del", block, queue },
      {
        to: IDLE,
        says: "; returns",
        does: returns,
        reads: unlocked(m),
        writes: [cpu.at, ...unlocked(m)],
      },
    ),
    {
      at: "vb_alloc",
      says: `finds no page in block ${index}, follows its link`,
      to: "vb_alloc",
      when: [ours],
      guard: (state) => free.get(state) === 0,
      does: (state) => cpu.at.set(state, next.get(state)),
      asserts: [isThere(block)],
      reads: [free, life, next],
      writes: [cpu.at],
    },
  ];
}

/** The lowest address that is free; what the block says of itself is private until it is in the index. */
function makesBlock(m: Locks, cpu: CpuFields, cpuWritten: CpuWritten): Step[] {
  const { blocks, scope } = m;
  const lives = blocks.map(({ life }) => life);
  const cpuPhase = "vb->cpu";
  return [
    {
      at: "new_vmap_block",
      says: "finds no place for a new block: refused",
      to: IDLE,
      guard: (state) => !lives.some((life) => life.get(state) === NONE),
      does: (state) => forget(cpu, state),
      reads: lives,
      writes: forgets(cpu),
    },
    ...blocks.map(
      (block): Step => ({
        at: "new_vmap_block",
        says: `makes block ${block.index}, its first page taken; xa_insert`,
        to: cpuWritten === "after" ? cpuPhase : "list_add_tail",
        guard: (state) => blocks.find(({ life }) => life.get(state) === NONE) === block,
        does: (state) => {
          block.life.set(state, NEW);
          block.free.set(state, scope.pages - 1);
          block.dirty.set(state, 0);
          block.maker.set(state, cpu.index);
          block.cpuIsSet.set(state, cpuWritten === "before" ? 1 : 0);
          cpu.at.set(state, block.here);
        },
        reads: lives,
        writes: [block.life, block.free, block.dirty, block.maker, block.cpuIsSet, cpu.at],
      }),
    ),
    ...(cpuWritten === "after" ? blocks : []).map(
      ({ index, here, cpuIsSet }): Step => ({
        at: cpuPhase,
        says: `writes vb->cpu of block ${index}`,
        to: "list_add_tail",
        when: [has(cpu.at, here)],
        does: (state) => cpuIsSet.set(state, 1),
        writes: [cpuIsSet],
      }),
    ),
  ];
}

function addsToQueue(m: Locks, cpu: CpuFields, queue: QueueFields, block: BlockFields): Step[] {
  return listAddTail(
    m,
    cpu,
    { at: "list_add_tail", block, queue },
    {
      to: IDLE,
      says: "returns",
      does: (state) => {
        block.life.set(state, STANDING);
        forget(cpu, state);
      },
      asserts: [servedFromQueue(m, cpu, block)],
      reads: servedReads(m),
      writes: [block.life, ...forgets(cpu)],
    },
  );
}
