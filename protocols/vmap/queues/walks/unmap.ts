/** vm_unmap_ram of one page on any CPU: vb_free, and for the last page of a block free_vmap_block. */
import { has } from "../../../../engine/reduce/conditions.ts";
import { IDLE, type Step } from "../../../program.ts";
import { callRcu } from "../rcu.ts";
import { type BlockFields, type CpuFields, GONE, HEAD, LAZY, STANDING, type Walks } from "./fields.ts";
import type { Handover } from "./links.ts";

/** A block with a page mapped, of which so many will be dirty with that. */
function isMapped({ scope }: Walks, { memory, free, dirty }: BlockFields, state: Int32Array): boolean {
  return memory.get(state) === STANDING && free.get(state) + dirty.get(state) < scope.pages;
}
const mappedReads = ({ memory, free, dirty }: BlockFields) => [memory, free, dirty];

/** The block's memory waits for those who read now, and is freed. */
export function freeBlock(m: Walks, block: BlockFields, hands: Handover, state: Int32Array): void {
  hands(m, block, state);
  block.memory.set(state, GONE);
  callRcu(m, block.waits, state);
}

export const unmapFromBlock =
  (hands: Handover) =>
  (m: Walks, cpu: CpuFields): Step[] =>
    m.blocks.flatMap((block): Step[] => [
      {
        at: IDLE,
        says: `vm_unmap_ram of a page of block ${block.index}; returns`,
        to: IDLE,
        guard: (state) => isMapped(m, block, state) && block.dirty.get(state) + 1 < m.scope.pages,
        does: (state) => block.dirty.set(state, block.dirty.get(state) + 1),
        reads: mappedReads(block),
        writes: [block.dirty],
      },
      {
        at: IDLE,
        says: `vm_unmap_ram of the last page of block ${block.index}`,
        to: "free_vmap_block",
        guard: (state) => isMapped(m, block, state) && block.dirty.get(state) + 1 === m.scope.pages,
        does: (state) => {
          block.dirty.set(state, m.scope.pages);
          cpu.at.set(state, block.here);
        },
        reads: mappedReads(block),
        writes: [block.dirty, cpu.at],
      },
      {
        at: "free_vmap_block",
        says: `puts the area of block ${block.index} on the lazy list`,
        to: "call_rcu",
        when: [has(cpu.at, block.here)],
        does: (state) => block.area.set(state, LAZY),
        writes: [block.area],
      },
      {
        at: "call_rcu",
        says: `hands block ${block.index} to RCU; returns`,
        to: IDLE,
        when: [has(cpu.at, block.here)],
        does: (state) => {
          freeBlock(m, block, hands, state);
          cpu.at.set(state, HEAD);
        },
        reads: [m.readers],
        writes: [block.next, block.memory, block.waits, cpu.at],
      },
    ]);
