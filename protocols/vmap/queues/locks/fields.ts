/**
 * The state, the laws and the list steps of queues of blocks whose links are written one at a time: a queue and its lock for each CPU, the index of
 * all blocks, and each CPU's phase.
 *
 * A block and its address are one: an address may be given out again as soon as the block's memory is free. The purge
 * of areas that would come between is left out. A task stays on its CPU.
 */
import type { LawStatement } from "../../../../engine/machine.ts";
import { briefly, clears, type Operations, onChosen, sets } from "../../../../engine/operations.ts";
import { has } from "../../../../engine/reduce/conditions.ts";
import {
  bitsOf,
  type Field,
  FLAG,
  type Layout,
  named,
  noneOr,
  plain,
  upTo,
} from "../../../../engine/search/layout.ts";
import { nothingLeaks, noUseAfterFree } from "../../../../spec/vmap/laws/integrity.ts";
import { done, keeps } from "../../../call-assertions.ts";
import { type Check, MOST_PHASES, type Step } from "../../../program.ts";

export interface LocksScope {
  readonly cpus: number;
  /** Addresses for blocks. */
  readonly blocks: number;
  /** Pages of a block: at least 2, for a block is made larger than what it is made for. */
  readonly pages: number;
}

/** A block: none, in the index but not yet returned by the call that makes it, in use, handed to RCU. */
export const [NONE, NEW, STANDING, GONE] = [0, 1, 2, 3] as const;

export type Locks = ReturnType<typeof fieldsOf>;
export type QueueFields = Locks["queues"][number];
export type BlockFields = Locks["blocks"][number];
export type CpuFields = Locks["cpus"][number];

export function fieldsOf(layout: Layout, scope: LocksScope) {
  const { cpus, blocks, pages } = scope;
  const [someCpus, holder] = [bitsOf(cpus), noneOr(cpus, "CPU")];
  const place = plain(cpus + blocks, (here) => (here < cpus ? `head ${here}` : `block ${here - cpus}`));
  const count = plain(pages + 1);
  /** A list_head; `here` is the value of a link to it: the heads come first, then the blocks. */
  const links = (name: string, here: number) => ({
    here,
    next: layout.field(`next of ${name}`, place),
    prev: layout.field(`prev of ${name}`, place),
  });
  const made = upTo(blocks).map((index) => ({
    index,
    ...links(`block ${index}`, cpus + index),
    life: layout.field(`life of block ${index}`, named("none", "new", "standing", "gone")),
    free: layout.field(`free of block ${index}`, count),
    dirty: layout.field(`dirty of block ${index}`, count),
    lock: layout.field(`lock of block ${index}`, holder),
    /** The CPU that made it, whose queue it joins. */
    maker: layout.field(
      `maker of block ${index}`,
      plain(cpus, (cpu) => `CPU ${cpu}`),
    ),
    /** Whether vb->cpu (from 6.10 on) was written; its value is the maker. */
    cpuIsSet: layout.field(`cpu is set of block ${index}`, FLAG),
    purgeListed: layout.field(`purge listed of block ${index}`, FLAG),
    /** The CPUs that its memory waits for. */
    waits: layout.field(`waits of block ${index}`, someCpus),
  }));
  return {
    scope,
    purgeLock: layout.field("purge lock", holder),
    readers: layout.field("readers", someCpus),
    waits: made.map(({ waits }) => waits),
    queues: upTo(cpus).map((cpu) => ({
      ...links(`head ${cpu}`, cpu),
      lock: layout.field(`lock of queue ${cpu}`, holder),
    })),
    blocks: made,
    cpus: upTo(cpus).map((index) => ({
      index,
      phase: layout.field(`phase of CPU ${index}`, plain(MOST_PHASES)),
      /** The position of its walk, or the block of its call, as the value of a link to it. */
      at: layout.field(`at of CPU ${index}`, place),
      /** Links that it has read and not yet written to their places. */
      next: layout.field(`next read of CPU ${index}`, place),
      prev: layout.field(`prev read of CPU ${index}`, place),
    })),
  };
}

/** Every list_head: heads, then blocks. */
export const nodesOf = ({
  queues,
  blocks,
}: Locks): readonly Pick<QueueFields, "here" | "next" | "prev">[] => [...queues, ...blocks];

/** Every queue is empty. */
export function emptyQueues({ queues }: Locks, state: Int32Array): void {
  for (const { here, next, prev } of queues) {
    next.set(state, here);
    prev.set(state, here);
  }
}

/** Clears the links that a CPU has read. */
export const forgets = ({ at, next, prev }: CpuFields): Operations =>
  briefly(undefined, clears(at, next, prev));

// The laws of the queues: two of the specification, and one of the index.

/**
 * The specification has no half-made block, so this is a law of the step grain alone (catalogue C11, 3e3de7947c75).
 * vb->cpu is an index into an array of queues; before it is written it has any value.
 */
const publishedIsInitialised: LawStatement = {
  id: "published-is-initialised",
  says: "A CPU that finds a block in the index finds every field written that it reads.",
};

export function isInitialised({ cpuIsSet }: BlockFields): Check {
  return { law: publishedIsInitialised, reads: [cpuIsSet], holds: (state) => cpuIsSet.get(state) === 1 };
}

/**
 * A map returns with a new block: nothing leaks if no other block of its CPU had room (nothing-leaks: a CPU gets no new
 * block while one of its blocks has room). No page of a block becomes free again, and no other CPU adds to this queue:
 * a block with a free page now had it when the call began, and was missed only because no link leads to it.
 */
export function servedFromQueue(m: Locks, cpu: CpuFields, made: BlockFields): Check {
  const { pages, blocks } = m.scope;
  const reads = m.blocks.flatMap(({ life, maker, free }) => [life, maker, free]);
  const scope = { bitsPerLong: pages, blockPages: pages, vmalloc: { vstart: 0, vend: blocks * pages } };
  return keeps(nothingLeaks, reads, (state) => ({
    command: { op: "mapRam", cpu: cpu.index, count: 1 },
    response: { ...done, kind: "placed", start: made.index * pages, mapStopped: false },
    before: {
      scope,
      promises: { guard: { inside: 0 }, fragments: "purged" },
      leakedDescriptors: 0,
      blockHasLeft: (_cpu, count) => m.blocks.some((block) => givesTo(block, cpu, count, state)),
      blockCanGive: () => false,
      areasIn: () => [],
    },
    after: { leakedDescriptors: 0 },
  }));
}

function givesTo(
  { life, maker, free }: BlockFields,
  cpu: CpuFields,
  count: number,
  state: Int32Array,
): boolean {
  return life.get(state) === STANDING && maker.get(state) === cpu.index && free.get(state) >= count;
}

/** A block that a walk looks at still exists. */
export function isThere({ life }: BlockFields): Check {
  return keeps(noUseAfterFree, [life], (state) => ({
    command: { op: "unmapAliases" },
    response: { ...done, usedAfterFree: life.get(state) === NONE },
  }));
}

// A list written as it is in memory: one link at a time, under a queue's lock. Reads under the lock, and the write
// before its release, are merged with a neighbouring step: no holder of the lock can see a difference.

/** A link of the node that a field names leads to a place. */
const setsLinkOf = (m: Locks, node: Field, link: "next" | "prev", to: number | Field, says: string) =>
  onChosen(
    node,
    nodesOf(m).map((each) => sets(each[link], to)),
    says,
  );

/** A list operation of a call: its block, the queue whose lock it takes, and the next phase. */
interface ListCall {
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
type Ending = Pick<Step, "to" | "says" | "does" | "asserts">;

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
