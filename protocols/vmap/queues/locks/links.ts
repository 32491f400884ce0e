/**
 * A list written as it is in memory: one link at a time, under a queue's lock. What is read under the lock, and what
 * is written before it is released, joins a step beside it: nobody who holds the lock can tell.
 */
import { has } from "../../../../engine/reduce/conditions.ts";
import type { Step } from "../../../program.ts";
import {
  type BlockFields,
  type CpuFields,
  type Locks,
  type NodeFields,
  nodesOf,
  type QueueFields,
} from "./fields.ts";

const nodeAt = (m: Locks, here: number) => nodesOf(m)[here] as NodeFields;
const links = (m: Locks, link: "next" | "prev") => nodesOf(m).map((node) => node[link]);

/** A list operation of a call: on which block, under which queue's lock, and where it goes on. */
export interface ListCall {
  /** The phase in which it begins. */
  readonly at: string;
  readonly block: BlockFields;
  readonly queue: QueueFields;
  /** What must hold beyond that it is this block: that this is the queue. */
  readonly when?: Step["when"];
}

/** What the last step of a list operation does, returns to, and asserts beside writing its link. */
export type Ending = Pick<Step, "to" | "says" | "does" | "asserts" | "reads" | "writes">;

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
      does: (state) => {
        queue.lock.set(state, cpu.index + 1);
        block.next.set(state, queue.here);
        block.prev.set(state, queue.prev.get(state));
      },
      reads: [queue.prev],
      writes: [queue.lock, block.next, block.prev],
    },
    {
      at: "prev->next = new",
      says: `the last leads to block ${block.index}`,
      to: "next->prev = new",
      when: [ours],
      does: (state) => nodeAt(m, block.prev.get(state)).next.set(state, block.here),
      // A link that is written here or not, as another link says, is as good as read.
      reads: [block.prev, ...links(m, "next")],
      writes: links(m, "next"),
    },
    {
      ...ending,
      at: "next->prev = new",
      says: `the head leads back to block ${block.index}, unlocks; ${ending.says}`,
      when: [ours],
      does: (state) => {
        queue.prev.set(state, block.here);
        queue.lock.set(state, 0);
        ending.does?.(state);
      },
      reads: ending.reads ?? [],
      writes: [queue.prev, queue.lock, ...(ending.writes ?? [])],
    },
  ];
}

/** list_del_rcu: both its links are read, and each neighbour's is written. Its link on stays for those who walk. */
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
      does: (state) => {
        queue.lock.set(state, cpu.index + 1);
        cpu.next.set(state, block.next.get(state));
        cpu.prev.set(state, block.prev.get(state));
      },
      reads: [block.next, block.prev],
      writes: [queue.lock, cpu.next, cpu.prev],
    },
    {
      at: `${at}: next->prev = prev`,
      says: `what follows block ${block.index} leads back past it`,
      to: `${at}: prev->next = next`,
      when: [ours, deletes],
      does: (state) => nodeAt(m, cpu.next.get(state)).prev.set(state, cpu.prev.get(state)),
      reads: [cpu.next, cpu.prev, ...links(m, "prev")],
      writes: links(m, "prev"),
    },
    {
      ...ending,
      at: `${at}: prev->next = next`,
      says: `what is before block ${block.index} leads past it, unlocks${ending.says}`,
      when: [ours, deletes],
      does: (state) => {
        nodeAt(m, cpu.prev.get(state)).next.set(state, cpu.next.get(state));
        queue.lock.set(state, 0);
        block.lock.set(state, 0);
        cpu.next.set(state, 0);
        cpu.prev.set(state, 0);
        ending.does?.(state);
      },
      reads: [cpu.next, cpu.prev, ...links(m, "next"), ...(ending.reads ?? [])],
      writes: [...links(m, "next"), queue.lock, block.lock, cpu.next, cpu.prev, ...(ending.writes ?? [])],
    },
  ];
}
