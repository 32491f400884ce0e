/** The queue's list: how a block comes onto it, leaves it, and what a walk reads of it. */
import type { Assertion } from "../../../../engine/actions.ts";
import type { Field } from "../../../../engine/search/layout.ts";
import { noUseAfterFree } from "../../../../spec/vmap/laws/integrity.ts";
import { done, keeps } from "../../../call-assertions.ts";
import { type BlockFields, HEAD, NONE, type Walks } from "./fields.ts";

/** Changes the list, under the queue's lock. */
export type ListChange = (m: Walks, block: BlockFields, state: Int32Array) => void;

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

/** list_add_rcu: to 4.0 a new block comes first. */
export const listAdd: ListChange = ({ first }, { here, next }, state) => {
  next.set(state, first.get(state));
  first.set(state, here);
};

/** list_add_tail_rcu: from 4.1 on (68ac546f265e) it comes last. */
export const listAddTail: ListChange = (m, { here, next }, state) => {
  next.set(state, HEAD);
  linkTo(m, HEAD, state).set(state, here);
};

/** list_del_rcu, from 2.6.33 on (de5604231ce4): a removed block's own link still leads on. */
export const listDelRcu: ListChange = (m, { here, next }, state) =>
  linkTo(m, here, state).set(state, next.get(state));

/** list_del_init, to 2.6.32: a removed block's link leads to itself (C1). */
export const listDelInit: ListChange = (m, block, state) => {
  listDelRcu(m, block, state);
  block.next.set(state, block.here);
};

/** Hands a block's memory to RCU, once it is on no list. */
export type Handover = (m: Walks, block: BlockFields, state: Int32Array) => void;

/** From 2.6.33 on (de5604231ce4) struct vmap_block has an rcu_head of its own. */
export const besideLinks: Handover = () => {};

/** To 2.6.32 the rcu_head and the links share memory (C1). */
export const overLinks: Handover = ({ overwritten }, { next }, state) => next.set(state, overwritten);

/** That a walk which follows a block's link finds a link there, in a block. */
export function linkIsThere(m: Walks, { memory, next }: BlockFields): Assertion {
  return keeps(noUseAfterFree, (state) => ({
    command: { op: "unmapAliases" },
    response: {
      ...done,
      usedAfterFree: memory.get(state) === NONE || next.get(state) === m.overwritten,
    },
  }));
}
