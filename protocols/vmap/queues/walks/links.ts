/** The queue's list: how a block joins it, leaves it, and what a walk reads of it. */
import { any, briefly, does, type Operations, sets } from "../../../../engine/operations.ts";
import { has } from "../../../../engine/reduce/conditions.ts";
import type { Field } from "../../../../engine/search/layout.ts";
import { noUseAfterFree } from "../../../../spec/vmap/laws/integrity.ts";
import { done, keeps } from "../../../call-assertions.ts";
import type { Check } from "../../../program.ts";
import { type BlockFields, HEAD, linksOf, NONE, type Walks } from "./fields.ts";

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
