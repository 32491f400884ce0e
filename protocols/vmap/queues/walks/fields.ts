/**
 * The state of a queue that is walked under RCU while blocks are taken off it: the list of links, the blocks' memory,
 * their area descriptors, and each CPU's phase.
 *
 * The queue is CPU 0's: it alone maps from it, all CPUs unmap and walk. A CPU that writes the list holds the queue's
 * lock and finishes in one step; another CPU sees only one link of it, since walks follow no other. So prev links are
 * not modelled.
 */
import { any, briefly, clears, does, inCase, type Operations, sets } from "../../../../engine/operations.ts";
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
import { noUseAfterFree } from "../../../../spec/vmap/laws/integrity.ts";
import { done, keeps } from "../../../call-assertions.ts";
import { type Check, MOST_PHASES } from "../../../program.ts";

export interface WalksScope {
  readonly cpus: number;
  /** Blocks that there is memory for. */
  readonly blocks: number;
  /** Pages of a block. */
  readonly pages: number;
}

/** A block's memory: unused, being made, in use, handed to RCU. */
export const [NONE, NEW, STANDING, GONE] = [0, 1, 2, 3] as const;

/** Its area descriptor (struct vmap_area): none, in use, on the lazy list, handed to RCU, freed. */
export const [NO_AREA, BUSY, LAZY, WAITING, FREED] = [0, 1, 2, 3, 4] as const;

/** The position of a link or a walk: 0 for the queue's head, or one more than a block's number. */
export const HEAD = 0;

export type Walks = ReturnType<typeof fieldsOf>;
export type BlockFields = Walks["blocks"][number];
export type CpuFields = Walks["cpus"][number];

export function fieldsOf(layout: Layout, scope: WalksScope) {
  const { cpus, blocks, pages } = scope;
  const [someCpus, count] = [bitsOf(cpus), plain(pages + 1)];
  const link = plain(blocks + 2, (value) =>
    value === HEAD ? "head" : value > blocks ? "overwritten" : `block ${value - 1}`,
  );
  const made = upTo(blocks).map((index) => ({
    index,
    /** The value of a link to it. */
    here: index + 1,
    memory: layout.field(`memory of block ${index}`, named("none", "new", "standing", "gone")),
    area: layout.field(`area of block ${index}`, named("none", "busy", "lazy", "waiting", "freed")),
    free: layout.field(`free of block ${index}`, count),
    dirty: layout.field(`dirty of block ${index}`, count),
    /** Its link to the next on the queue: HEAD, a block, or overwritten. */
    next: layout.field(`next of block ${index}`, link),
    purgeListed: layout.field(`purge listed of block ${index}`, FLAG),
    /** The CPUs that its memory waits for, and those that its area waits for. */
    waits: layout.field(`waits of block ${index}`, someCpus),
    areaWaits: layout.field(`area waits of block ${index}`, someCpus),
  }));
  return {
    scope,
    /** The value of a link that an rcu_head overwrote. */
    overwritten: blocks + 1,
    /** The first on the queue. */
    first: layout.field("first", link),
    purgeLock: layout.field("purge lock", noneOr(cpus, "CPU")),
    readers: layout.field("readers", someCpus),
    waits: made.flatMap(({ waits, areaWaits }) => [waits, areaWaits]),
    blocks: made,
    cpus: upTo(cpus).map((index) => ({
      index,
      phase: layout.field(`phase of CPU ${index}`, plain(MOST_PHASES)),
      /** The position of its walk, or the block of its call. */
      at: layout.field(`at of CPU ${index}`, link),
    })),
  };
}

/** All links of the queue. */
export const linksOf = ({ first, blocks }: Walks): readonly Field[] => [
  first,
  ...blocks.map(({ next }) => next),
];

/** Memory that neither the block nor its area needs is reset. */
export const settles = ({ memory, area, free, dirty, next }: BlockFields): Operations =>
  briefly(
    undefined,
    inCase(has(memory, NONE), [clears(free, dirty, next), inCase(has(area, FREED), sets(area, NO_AREA))]),
  );

// The queue's list: how a block joins it, leaves it, and what a walk reads of it.

/** Changes the list, under the queue's lock. */
export type ListChange = (m: Walks, block: BlockFields) => Operations;

/** The link that leads to this place: from the head, or from a block on the queue. */
function linkTo({ first, blocks }: Walks, place: number, state: Int32Array): Field {
  let link = first;
  // A queue is no longer than there are blocks.
  for (const _block of blocks) {
    const to = link.get(state);
    if (to === place || to === HEAD) return link;
    link = (blocks[to - 1] as BlockFields).next;
  }
  return link;
}

/** Redirects the link that leads to a place. */
function redirects(m: Walks, place: number, to: number | Field, says: string): Operations {
  const footprint = { reads: [...linksOf(m), ...(typeof to === "number" ? [] : [to])], writes: linksOf(m) };
  return does(says, footprint, (state) =>
    linkTo(m, place, state).set(state, typeof to === "number" ? to : to.get(state)),
  );
}

/** list_add_rcu: to 4.0 a new block comes first. */
export const listAdd: ListChange = ({ first }, { index, here, next }) =>
  briefly(`list_add_rcu(block ${index})`, [sets(next, first), sets(first, here)]);

/** list_add_tail_rcu: from 4.1 on (68ac546f265e) it comes last. */
export const listAddTail: ListChange = (m, { index, here, next }) =>
  briefly(`list_add_tail_rcu(block ${index})`, [sets(next, HEAD), redirects(m, HEAD, here, "")]);

/** list_del_rcu, from 2.6.33 on (de5604231ce4): a removed block's own link still leads on. */
export const listDelRcu: ListChange = (m, { index, here, next }) =>
  redirects(m, here, next, `list_del_rcu(block ${index})`);

/** list_del_init, to 2.6.32: a removed block's link leads to itself (C1). */
export const listDelInit: ListChange = (m, block) =>
  briefly(`list_del_init(block ${block.index})`, [listDelRcu(m, block), sets(block.next, block.here)]);

/** Hands a block's memory to RCU, once it is on no list. */
export type Handover = (m: Walks, block: BlockFields) => Operations;

/** From 2.6.33 on (de5604231ce4) struct vmap_block has an rcu_head of its own. */
export const besideLinks: Handover = () => [];

/** To 2.6.32 the rcu_head and the links share memory (C1). */
export const overLinks: Handover = ({ overwritten }, { next }) => sets(next, overwritten);

/** A walk that follows a block's link finds a valid link, in a block that exists. */
export function linkIsThere(m: Walks, { memory, next }: BlockFields): Check {
  const isFreed = any(has(memory, NONE), has(next, m.overwritten));
  return keeps(noUseAfterFree, isFreed.reads, (state) => ({
    command: { op: "unmapAliases" },
    response: { ...done, usedAfterFree: isFreed.holds(state) },
  }));
}
