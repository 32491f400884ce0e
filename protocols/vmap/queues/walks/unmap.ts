/** vm_unmap_ram of one page on any CPU: vb_free, and for the last page of a block free_vmap_block. */
import { type Operations, sets } from "../../../../engine/operations.ts";
import { has } from "../../../../engine/reduce/conditions.ts";
import { IDLE, type Step } from "../../../program.ts";
import { unmapsPage } from "../../vmap-blocks.ts";
import { callRcu } from "../rcu.ts";
import { type BlockFields, type CpuFields, GONE, HEAD, LAZY, STANDING, type Walks } from "./fields.ts";
import type { Handover } from "./links.ts";

/** The block's memory waits for the CPUs that read now, and is freed. */
export const freesBlock = (m: Walks, block: BlockFields, hands: Handover): Operations => [
  hands(m, block),
  sets(block.memory, GONE),
  callRcu(m, block.waits, `block ${block.index}`),
];

export const unmapFromBlock =
  (hands: Handover) =>
  (m: Walks, cpu: CpuFields): Step[] =>
    m.blocks.flatMap((block) => [
      ...unmapsPage(block, m.scope.pages, [has(block.memory, STANDING)], sets(cpu.at, block.here)),
      {
        at: "free_vmap_block",
        says: `puts the area of block ${block.index} on the lazy list`,
        to: "call_rcu",
        when: [has(cpu.at, block.here)],
        does: sets(block.area, LAZY),
      },
      {
        at: "call_rcu",
        says: `hands block ${block.index} to RCU; returns`,
        to: IDLE,
        when: [has(cpu.at, block.here)],
        does: [freesBlock(m, block, hands), sets(cpu.at, HEAD)],
      },
    ]);
