/** vm_unmap_aliases: a walk over the queue that looks at every block on it, and then a purge. */
import { sets } from "../../../../engine/operations.ts";
import { has } from "../../../../engine/reduce/conditions.ts";
import { noUseAfterFree } from "../../../../spec/vmap/laws/integrity.ts";
import { done, keeps } from "../../../call-assertions.ts";
import { type Check, IDLE, type Step } from "../../../program.ts";
import { beginWalk, endsWalk } from "../rcu.ts";
import { type BlockFields, type CpuFields, FREED, HEAD, NONE, type Walks } from "./fields.ts";
import { linkIsThere } from "./links.ts";

/** The phases of walks: a read section lasts while a CPU is in one of these. */
export const WALKING: readonly string[] = [
  "vb_alloc",
  "vm_unmap_aliases",
  "next block",
  "purge_fragmented_blocks",
  "next fragment",
];

/** `passesFull` (5.13 on, ad216c0316ad): a completely dirty block is skipped. */
export const aliasesOnQueue =
  (passesFull: boolean) =>
  (m: Walks, cpu: CpuFields): Step[] => [
    {
      at: IDLE,
      says: "vm_unmap_aliases",
      to: "vm_unmap_aliases",
      does: beginWalk(m, cpu, m.first),
    },
    ...m.blocks.flatMap((block): Step[] => [
      {
        at: "vm_unmap_aliases",
        says: `looks at block ${block.index}`,
        to: "next block",
        when: [has(cpu.at, block.here)],
        asserts: [areaIsThere(m, block, passesFull)],
      },
      followsLink(m, cpu, block, "next block", "vm_unmap_aliases"),
    ]),
    endsWalk(m, cpu, HEAD, "vm_unmap_aliases", "purge lock"),
  ];

/** A block still has its area if the walk reads the address of its dirty range. */
function areaIsThere({ scope }: Walks, { memory, area, dirty }: BlockFields, passesFull: boolean): Check {
  return keeps(noUseAfterFree, [memory, area, dirty], (state) => {
    const given = dirty.get(state);
    const asksAddress = given > 0 && !(passesFull && given === scope.pages);
    const usedAfterFree = memory.get(state) === NONE || (asksAddress && area.get(state) === FREED);
    return { command: { op: "unmapAliases" }, response: { ...done, usedAfterFree } };
  });
}

/** A walk follows the link of the block at which it is. */
export const followsLink = (m: Walks, cpu: CpuFields, block: BlockFields, at: string, to: string): Step => ({
  at,
  says: `follows the link of block ${block.index}`,
  to,
  when: [has(cpu.at, block.here)],
  does: sets(cpu.at, block.next),
  asserts: [linkIsThere(m, block)],
});
