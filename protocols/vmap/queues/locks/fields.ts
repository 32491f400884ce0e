/**
 * The state of queues of blocks whose links are written one at a time: a queue and its lock for each CPU, the index of
 * all blocks, and each CPU's phase.
 *
 * A block and its address are one: an address may be given out again as soon as the block's memory is free. The purge
 * of areas that would come between is left out. A task stays on its CPU.
 */
import { briefly, clears, type Operations } from "../../../../engine/operations.ts";
import { bitsOf, FLAG, type Layout, named, noneOr, plain, upTo } from "../../../../engine/search/layout.ts";
import { MOST_PHASES } from "../../../program.ts";

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
