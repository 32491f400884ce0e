/** vm_unmap_aliases: a walk over the queue that looks at every block on it, and then a purge. */
import type { Assertion } from "../../../../engine/actions.ts";
import { has } from "../../../../engine/reduce/conditions.ts";
import { noUseAfterFree } from "../../../../spec/vmap/laws/integrity.ts";
import { done, keeps } from "../../../call-assertions.ts";
import { IDLE, type Step } from "../../../program.ts";
import { readUnlock, unlocked } from "../rcu.ts";
import { type BlockFields, type CpuFields, FREED, HEAD, NONE, type Walks } from "./fields.ts";
import { linkIsThere } from "./links.ts";
import { beginWalk, walkBegun } from "./map.ts";

/** The phases of walks: a read section lasts as long as one of these. */
export const WALKING: readonly string[] = [
  "vb_alloc",
  "vm_unmap_aliases",
  "next block",
  "purge_fragmented_blocks",
  "next fragment",
];

/** From 5.13 on (ad216c0316ad) `passesFull`: a block all of which is dirty is passed by. */
export const aliasesOnQueue =
  (passesFull: boolean) =>
  (m: Walks, cpu: CpuFields): Step[] => [
    {
      at: IDLE,
      says: "vm_unmap_aliases",
      to: "vm_unmap_aliases",
      does: (state) => beginWalk(m, cpu, state),
      reads: walkBegun(m, cpu),
      writes: walkBegun(m, cpu),
    },
    ...m.blocks.flatMap((block): Step[] => [
      {
        at: "vm_unmap_aliases",
        says: `looks at block ${block.index}`,
        to: "next block",
        when: [has(cpu.at, block.here)],
        asserts: [areaIsThere(m, block, passesFull)],
        reads: [block.memory, block.area, block.dirty],
      },
      goesOn(m, cpu, block, "next block", "vm_unmap_aliases"),
    ]),
    endsWalk(m, cpu, "vm_unmap_aliases", "purge lock"),
  ];

/** That a block which is looked at has its area still, if the address of what is dirty in it is asked. */
function areaIsThere({ scope }: Walks, { memory, area, dirty }: BlockFields, passesFull: boolean): Assertion {
  return keeps(noUseAfterFree, (state) => {
    const given = dirty.get(state);
    const asksAddress = given > 0 && !(passesFull && given === scope.pages);
    const usedAfterFree = memory.get(state) === NONE || (asksAddress && area.get(state) === FREED);
    return { command: { op: "unmapAliases" }, response: { ...done, usedAfterFree } };
  });
}

/** A walk follows the link of the block at which it is. */
export function goesOn(m: Walks, cpu: CpuFields, block: BlockFields, at: string, to: string): Step {
  return {
    at,
    says: `follows the link of block ${block.index}`,
    to,
    when: [has(cpu.at, block.here)],
    does: (state) => cpu.at.set(state, block.next.get(state)),
    asserts: [linkIsThere(m, block)],
    reads: [block.next, block.memory],
    writes: [cpu.at],
  };
}

/** A walk is back at the head. */
export function endsWalk(m: Walks, cpu: CpuFields, at: string, to: string): Step {
  return {
    at,
    says: "has been through the queue",
    to,
    when: [has(cpu.at, HEAD)],
    does: (state) => readUnlock(m, cpu.index, state),
    reads: unlocked(m),
    writes: unlocked(m),
  };
}
