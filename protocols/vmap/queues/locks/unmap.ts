/**
 * vm_unmap_ram of one page: vb_free, and for the last page of a block free_vmap_block. Other calls free blocks, too.
 */
import { clears, type Operations, sets } from "../../../../engine/operations.ts";
import { has } from "../../../../engine/reduce/conditions.ts";
import { hardwareStep, IDLE, type Step, type StepAction } from "../../../program.ts";
import { unmapsPage } from "../../vmap-blocks.ts";
import { callRcu } from "../rcu.ts";
import { type BlockFields, type CpuFields, GONE, type Locks, NONE, STANDING } from "./fields.ts";

/** Removes the block from the index (xa_erase) and hands it to RCU. */
export const freesBlock = (m: Locks, { index, life, waits }: BlockFields): Operations => [
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
