/**
 * The state of a queue that is walked under RCU while blocks are taken off it: the list that the links make, the
 * blocks' memory, their area descriptors, and where each CPU stands.
 *
 * The queue is CPU 0's: it alone maps from it, all CPUs unmap and walk. A CPU that writes the list holds the queue's
 * lock and is done in one step; what another CPU sees of that is one link, since walks follow no other. So a link back (prev)
 * is not kept.
 */
import { briefly, clears, inCase, type Operations, sets } from "../../../../engine/operations.ts";
import { has } from "../../../../engine/reduce/conditions.ts";
import {
  bitsOf,
  type Field,
  FLAG,
  type Layout,
  named,
  noneOr,
  plain,
} from "../../../../engine/search/layout.ts";
import { MOST_PHASES } from "../../../program.ts";
import type { CountedBlock } from "../../vmap-blocks.ts";
import type { Rcu } from "../rcu.ts";

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

/** Where a link or a walk is: at the queue's head, or at the block of this number less one. */
export const HEAD = 0;

export interface BlockFields extends CountedBlock {
  /** What a link to it says. */
  readonly here: number;
  readonly memory: Field;
  readonly area: Field;
  /** Its link to the next on the queue: HEAD, a block, or overwritten. */
  readonly next: Field;
  /** For whom its memory waits, and for whom its area's. */
  readonly waits: Field;
  readonly areaWaits: Field;
}

export interface CpuFields {
  readonly index: number;
  readonly phase: Field;
  /** Where its walk is, or the block that its call is about. */
  readonly at: Field;
}

export interface Walks extends Rcu {
  readonly scope: WalksScope;
  /** The first on the queue. */
  readonly first: Field;
  readonly purgeLock: Field;
  readonly blocks: readonly BlockFields[];
  readonly cpus: readonly CpuFields[];
  /** What a link says over which an rcu_head was written. */
  readonly overwritten: number;
}

export function fieldsOf(layout: Layout, scope: WalksScope): Walks {
  const { cpus, blocks, pages } = scope;
  const [someCpus, count] = [bitsOf(cpus), plain(pages + 1)];
  const link = plain(blocks + 2, (value) =>
    value === HEAD ? "head" : value > blocks ? "overwritten" : `block ${value - 1}`,
  );
  const upTo = (size: number) => Array.from({ length: size }, (_none, index) => index);
  const made = upTo(blocks).map((index) => ({
    index,
    here: index + 1,
    memory: layout.field(`memory of block ${index}`, named("none", "new", "standing", "gone")),
    area: layout.field(`area of block ${index}`, named("none", "busy", "lazy", "waiting", "freed")),
    free: layout.field(`free of block ${index}`, count),
    dirty: layout.field(`dirty of block ${index}`, count),
    next: layout.field(`next of block ${index}`, link),
    purgeListed: layout.field(`purge listed of block ${index}`, FLAG),
    waits: layout.field(`waits of block ${index}`, someCpus),
    areaWaits: layout.field(`area waits of block ${index}`, someCpus),
  }));
  return {
    scope,
    overwritten: blocks + 1,
    first: layout.field("first", link),
    purgeLock: layout.field("purge lock", noneOr(cpus, "CPU")),
    readers: layout.field("readers", someCpus),
    waits: made.flatMap(({ waits, areaWaits }) => [waits, areaWaits]),
    blocks: made,
    cpus: upTo(cpus).map((index) => ({
      index,
      phase: layout.field(`phase of CPU ${index}`, plain(MOST_PHASES)),
      at: layout.field(`at of CPU ${index}`, link),
    })),
  };
}

/** All links of the queue. */
export const linksOf = ({ first, blocks }: Walks): readonly Field[] => [
  first,
  ...blocks.map(({ next }) => next),
];

/** Memory that neither the block nor its area needs any more is as it was before. */
export const settles = ({ memory, area, free, dirty, next }: BlockFields): Operations =>
  briefly(
    undefined,
    inCase(has(memory, NONE), [clears(free, dirty, next), inCase(has(area, FREED), sets(area, NO_AREA))]),
  );
