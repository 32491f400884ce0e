/**
 * The common part of the protocols of blocks. A block is a few pages and its counters. The protocols differ in how
 * blocks are found: by a bit for each listed block (blocks/), by the links of a queue (queues/walks), or by links that
 * are written one at a time under locks (queues/locks).
 */
import {
  adds,
  all,
  any,
  called,
  compare,
  type Guard,
  not,
  type Operations,
  plus,
  sets,
  type Test,
} from "../../engine/operations.ts";
import { has, hasNot } from "../../engine/reduce/conditions.ts";
import type { Field } from "../../engine/search/layout.ts";
import { IDLE, type Step } from "../program.ts";

export interface CountedBlock {
  readonly index: number;
  /** Pages never given out, and pages given back: `free` and `dirty` of struct vmap_block. */
  readonly free: Field;
  readonly dirty: Field;
  /** On a purge's own list. */
  readonly purgeListed: Field;
}

/** A block in which nothing is mapped, not all of it dirty. */
export const isFragmented = ({ index, free, dirty }: CountedBlock, pages: number): Test =>
  called(`block ${index} is fragmented`, all(compare(plus(free, dirty), "=", pages), hasNot(dirty, pages)));

/** From now on no CPU maps from it or purges it again, and it is on the purger's own list. */
export const condemns = ({ free, dirty, purgeListed }: CountedBlock, pages: number): Operations => [
  sets(free, 0),
  sets(dirty, pages),
  sets(purgeListed, 1),
];

/** free_vmap_block of each condemned block, until none is left. */
export function freesCondemned<Block extends CountedBlock>(
  blocks: readonly Block[],
  free: (block: Block) => Pick<Step, "says" | "does" | "redundant">,
  ending: Pick<Step, "says" | "to" | "does" | "redundant">,
): Step[] {
  const at = "free_purged_blocks";
  return [
    ...blocks.map((block) => ({ at, to: at, when: [has(block.purgeListed, 1)], ...free(block) })),
    { at, when: blocks.map(({ purgeListed }) => has(purgeListed, 0)), ...ending },
  ];
}

/** A new block takes the first unused place; if there is none, the map is refused. */
export function makesBlock<Block extends CountedBlock>(
  blocks: readonly Block[],
  isUnused: (block: Block) => Guard,
  make: (block: Block) => Pick<Step, "says" | "to" | "does">,
  refused: Operations = [],
): Step[] {
  const at = "new_vmap_block";
  const unused = blocks.map(isUnused);
  return [
    {
      at,
      says: "finds no place for a new block: refused",
      to: IDLE,
      when: [called("no place is unused", not(any(...unused)))],
      does: refused,
    },
    ...blocks.map((block, nth) => ({
      at,
      when: [unused[nth] as Guard, ...unused.slice(0, nth).map(not)],
      ...make(block),
    })),
  ];
}

/** vm_unmap_ram of a page of a block: one of several, or the last one. */
export function unmapsPage(
  { index, free, dirty }: CountedBlock,
  pages: number,
  isHeld: readonly Guard[],
  whenLast: Operations,
): Step[] {
  const isMapped = called(`block ${index} has a page mapped`, compare(plus(free, dirty), "<", pages));
  return [
    {
      at: IDLE,
      says: `vm_unmap_ram of a page of block ${index}; returns`,
      to: IDLE,
      when: [...isHeld, isMapped, compare(dirty, "<", pages - 1)],
      does: adds(dirty, 1),
    },
    {
      at: IDLE,
      says: `vm_unmap_ram of the last page of block ${index}`,
      to: "free_vmap_block",
      when: [...isHeld, isMapped, has(dirty, pages - 1)],
      does: [sets(dirty, pages), whenLast],
    },
  ];
}

/** Pages given back (x), mapped (M) and never given out (.). */
export function drawPages({ free, dirty }: CountedBlock, pages: number, state: Int32Array): string {
  const [back, left] = [dirty.get(state), free.get(state)];
  return `${"x".repeat(back)}${"M".repeat(pages - left - back)}${".".repeat(left)}`;
}
