/** vm_unmap_ram of one page: vb_free, and for the last page of a block free_vmap_block. Other places free blocks, too. */
import { has } from "../../../../engine/reduce/conditions.ts";
import { hardwareStep, IDLE, type Step, type StepAction } from "../../../program.ts";
import { callRcu } from "../rcu.ts";
import { type BlockFields, type CpuFields, GONE, type Locks, NONE, STANDING } from "./fields.ts";

/** Out of the index (xa_erase), and to RCU. */
export function freeBlock(m: Locks, { life, waits }: BlockFields, state: Int32Array): void {
  life.set(state, GONE);
  callRcu(m, waits, state);
}

/** A page is mapped, of a block whose lock is free: the last page that it waits for, or another one. */
function unmaps(
  m: Locks,
  { life, free, dirty, lock }: BlockFields,
  isLast: boolean,
): Pick<Step, "when" | "guard" | "reads"> {
  const { pages } = m.scope;
  return {
    when: [has(lock, 0), has(life, STANDING)],
    guard: (state) => {
      const back = dirty.get(state);
      return free.get(state) + back < pages && (back + 1 === pages) === isLast;
    },
    reads: [free, dirty],
  };
}

export const unmapFromBlock = (m: Locks, cpu: CpuFields): Step[] =>
  m.blocks.flatMap((block): Step[] => [
    {
      at: IDLE,
      says: `vm_unmap_ram of a page of block ${block.index}; returns`,
      to: IDLE,
      ...unmaps(m, block, false),
      does: (state) => block.dirty.set(state, block.dirty.get(state) + 1),
      writes: [block.dirty],
    },
    {
      at: IDLE,
      says: `vm_unmap_ram of the last page of block ${block.index}`,
      to: "free_vmap_block",
      ...unmaps(m, block, true),
      does: (state) => {
        block.dirty.set(state, m.scope.pages);
        cpu.at.set(state, block.here);
      },
      writes: [block.dirty, cpu.at],
    },
    {
      at: "free_vmap_block",
      says: `takes block ${block.index} out of the index, hands it to RCU; returns`,
      to: IDLE,
      when: [has(cpu.at, block.here)],
      does: (state) => {
        freeBlock(m, block, state);
        cpu.at.set(state, 0);
      },
      reads: [m.readers],
      writes: [block.life, block.waits, cpu.at],
    },
  ]);

/** The ends of grace periods: callbacks, which CPU 0 runs. What was in the memory stays in it, and tells nothing. */
export function graceEnds(m: Locks): StepAction[] {
  return m.blocks.map(({ index, life, waits, free, dirty, next, prev, maker, cpuIsSet }) => {
    const told = [free, dirty, next, prev, maker, cpuIsSet];
    return hardwareStep(
      0,
      {
        says: `RCU frees block ${index}`,
        when: [has(life, GONE), has(waits, 0)],
        does: (state) => {
          life.set(state, NONE);
          for (const field of told) field.set(state, 0);
        },
        writes: [life, ...told],
      },
      true,
    );
  });
}
