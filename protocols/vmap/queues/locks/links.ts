/**
 * A list written as it is in memory: one link at a time, under a queue's lock. Reads under the lock, and the write
 * before its release, are merged with a neighbouring step: no holder of the lock can see a difference.
 */
import { clears, onChosen, sets } from "../../../../engine/operations.ts";
import { has } from "../../../../engine/reduce/conditions.ts";
import type { Field } from "../../../../engine/search/layout.ts";
import type { Step } from "../../../program.ts";
import { type BlockFields, type CpuFields, type Locks, nodesOf, type QueueFields } from "./fields.ts";

/** A link of the node that a field names leads to a place. */
const setsLinkOf = (m: Locks, node: Field, link: "next" | "prev", to: number | Field, says: string) =>
  onChosen(
    node,
    nodesOf(m).map((each) => sets(each[link], to)),
    says,
  );

/** A list operation of a call: its block, the queue whose lock it takes, and the next phase. */
export interface ListCall {
  /** The phase in which it begins. */
  readonly at: string;
  readonly block: BlockFields;
  readonly queue: QueueFields;
  /** A further guard beside the block: that this is the queue. */
  readonly when?: Step["when"];
}

/**
 * The last step of a list operation: its operations beside the write of the link, its next phase, and its assertions.
 */
export type Ending = Pick<Step, "to" | "says" | "does" | "asserts">;

/** list_add_tail_rcu: the new block's own links, the last one's link to it, and the head's link back. */
export function listAddTail(m: Locks, cpu: CpuFields, call: ListCall, ending: Ending): Step[] {
  const { at, block, queue } = call;
  const ours = has(cpu.at, block.here);
  return [
    {
      at,
      says: `takes the lock of queue ${queue.here}, reads its last`,
      to: "prev->next = new",
      when: [ours, has(queue.lock, 0)],
      does: [sets(queue.lock, cpu.index + 1), sets(block.next, queue.here), sets(block.prev, queue.prev)],
    },
    {
      at: "prev->next = new",
      says: `the last leads to block ${block.index}`,
      to: "next->prev = new",
      when: [ours],
      does: setsLinkOf(m, block.prev, "next", block.here, "prev->next = new"),
    },
    {
      ...ending,
      at: "next->prev = new",
      says: `the head leads back to block ${block.index}, unlocks; ${ending.says}`,
      when: [ours],
      does: [sets(queue.prev, block.here), sets(queue.lock, 0), ending.does ?? []],
    },
  ];
}

/**
 * list_del_rcu: both its links are read, and each neighbour's is written. Its own next link stays for walks in
 * progress.
 */
export function listDel(m: Locks, cpu: CpuFields, call: ListCall, ending: Ending): Step[] {
  const { at, block, queue, when = [] } = call;
  const ours = has(cpu.at, block.here);
  const deletes = has(queue.lock, cpu.index + 1);
  return [
    {
      at,
      says: `takes the lock of queue ${queue.here}, reads the links of block ${block.index}`,
      to: `${at}: next->prev = prev`,
      when: [ours, has(queue.lock, 0), ...when],
      does: [sets(queue.lock, cpu.index + 1), sets(cpu.next, block.next), sets(cpu.prev, block.prev)],
    },
    {
      at: `${at}: next->prev = prev`,
      says: `what follows block ${block.index} leads back past it`,
      to: `${at}: prev->next = next`,
      when: [ours, deletes],
      does: setsLinkOf(m, cpu.next, "prev", cpu.prev, "next->prev = prev"),
    },
    {
      ...ending,
      at: `${at}: prev->next = next`,
      says: `what is before block ${block.index} leads past it, unlocks${ending.says}`,
      when: [ours, deletes],
      does: [
        setsLinkOf(m, cpu.prev, "next", cpu.next, "prev->next = next"),
        clears(queue.lock, block.lock, cpu.next, cpu.prev),
        ending.does ?? [],
      ],
    },
  ];
}
