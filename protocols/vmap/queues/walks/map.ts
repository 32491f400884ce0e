/** vm_map_ram of one page on CPU 0: vb_alloc walks its queue, and a new block is put on it. */
import { has } from "../../../../engine/reduce/conditions.ts";
import { IDLE, type Step } from "../../../program.ts";
import { readLock, readUnlock, unlocked } from "../rcu.ts";
import {
  type BlockFields,
  BUSY,
  type CpuFields,
  HEAD,
  linksOf,
  NEW,
  NO_AREA,
  NONE,
  STANDING,
  type Walks,
} from "./fields.ts";
import { type ListChange, linkIsThere } from "./links.ts";

export interface MapRules {
  readonly adds: ListChange;
  readonly removes: ListChange;
  /** From 4.1 on (cf725ce274ba) a block is born with the page that it was made for taken; before, it is searched for. */
  readonly bornTaken: boolean;
}

/** rcu_read_lock, and the first link of the queue is read. */
export function beginWalk(m: Walks, cpu: CpuFields, state: Int32Array): void {
  readLock(m, cpu.index, state);
  cpu.at.set(state, m.first.get(state));
}
export const walkBegun = (m: Walks, cpu: CpuFields) => [m.readers, m.first, cpu.at];

const isUnused = ({ memory, area }: BlockFields, state: Int32Array) =>
  memory.get(state) === NONE && area.get(state) === NO_AREA;
const unusedReads = ({ blocks }: Walks) => blocks.flatMap(({ memory, area }) => [memory, area]);

export const mapOnQueue =
  ({ adds, removes, bornTaken }: MapRules) =>
  (m: Walks, cpu: CpuFields): Step[] => [
    {
      at: IDLE,
      says: "vm_map_ram",
      to: "vb_alloc",
      does: (state) => beginWalk(m, cpu, state),
      reads: walkBegun(m, cpu),
      writes: walkBegun(m, cpu),
    },
    ...m.blocks.flatMap((block) => looksForPage(m, cpu, block, removes)),
    {
      at: "vb_alloc",
      says: "has been through the queue",
      to: "new_vmap_block",
      when: [has(cpu.at, HEAD)],
      does: (state) => readUnlock(m, cpu.index, state),
      reads: unlocked(m),
      writes: unlocked(m),
    },
    ...makesBlock(m, cpu, bornTaken),
    ...m.blocks.map((block) => putsOnQueue(m, cpu, block, adds, bornTaken)),
  ];

/** Takes a page of a block, under its lock; with the last one the block leaves the queue. */
function looksForPage(m: Walks, cpu: CpuFields, block: BlockFields, removes: ListChange): Step[] {
  const { index, here, free, next, memory } = block;
  return [
    {
      at: "vb_alloc",
      says: `takes a page of block ${index}; returns`,
      to: IDLE,
      when: [has(cpu.at, here)],
      guard: (state) => free.get(state) > 0,
      does: (state) => {
        free.set(state, free.get(state) - 1);
        if (free.get(state) === 0) removes(m, block, state);
        readUnlock(m, cpu.index, state);
        cpu.at.set(state, HEAD);
      },
      reads: [free, ...linksOf(m), ...unlocked(m)],
      writes: [free, ...linksOf(m), ...unlocked(m), cpu.at],
    },
    {
      at: "vb_alloc",
      says: `finds no page in block ${index}, goes on`,
      to: "vb_alloc",
      when: [has(cpu.at, here)],
      guard: (state) => free.get(state) === 0,
      does: (state) => cpu.at.set(state, next.get(state)),
      asserts: [linkIsThere(m, block)],
      reads: [free, next, memory],
      writes: [cpu.at],
    },
  ];
}

function makesBlock(m: Walks, cpu: CpuFields, bornTaken: boolean): Step[] {
  const { blocks, scope } = m;
  return [
    {
      at: "new_vmap_block",
      says: "finds no place for a new block: refused",
      to: IDLE,
      guard: (state) => !blocks.some((block) => isUnused(block, state)),
      reads: unusedReads(m),
    },
    ...blocks.map(
      (block): Step => ({
        at: "new_vmap_block",
        says: `makes block ${block.index}${bornTaken ? ", its first page taken" : ""}`,
        to: "list_add",
        guard: (state) => blocks.find((each) => isUnused(each, state)) === block,
        does: (state) => {
          block.memory.set(state, NEW);
          block.area.set(state, BUSY);
          block.free.set(state, scope.pages - (bornTaken ? 1 : 0));
          cpu.at.set(state, block.here);
        },
        reads: unusedReads(m),
        writes: [block.memory, block.area, block.free, cpu.at],
      }),
    ),
  ];
}

/** Under the queue's lock. */
function putsOnQueue(
  m: Walks,
  cpu: CpuFields,
  block: BlockFields,
  adds: ListChange,
  bornTaken: boolean,
): Step {
  return {
    at: "list_add",
    says: `puts block ${block.index} on the queue${bornTaken ? "; returns" : ", and searches again"}`,
    to: bornTaken ? IDLE : "vb_alloc",
    when: [has(cpu.at, block.here)],
    does: (state) => {
      adds(m, block, state);
      block.memory.set(state, STANDING);
      if (bornTaken) cpu.at.set(state, HEAD);
      else beginWalk(m, cpu, state);
    },
    reads: [...linksOf(m), ...walkBegun(m, cpu)],
    writes: [...linksOf(m), block.memory, ...walkBegun(m, cpu)],
  };
}
