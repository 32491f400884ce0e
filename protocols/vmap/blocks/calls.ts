/** vm_map_ram of one page (vb_alloc from the list, or a new block), and vm_unmap_ram. */
import { adds, clears, type Operations, sets, widens } from "../../../engine/operations.ts";
import { type Condition, has, hasNot } from "../../../engine/reduce/conditions.ts";
import { IDLE, type Step } from "../../program.ts";
import { afterFills } from "./delayed-steps.ts";
import {
  type BlockFields,
  type Blocks,
  becomesStale,
  type CpuFields,
  isInUse,
  LAZY,
  NONE,
  nothingMapped,
  onlyOurs,
  type PageFields,
  STANDING,
} from "./fields.ts";

/** The phases of a map between its begin and its return. */
export const MAPPING: readonly string[] = ["vb_alloc", "vmap_page_range"];

/** No block before the given one is on the list; without one, none is. (The list has the blocks with free pages.) */
const noneListed = ({ blocks }: Blocks, before = blocks.length) =>
  blocks.slice(0, before).map(({ listed }) => has(listed, 0));
/** No place before the given one is free for a new block; without one, none is. */
const nonePlaced = ({ blocks }: Blocks, before = blocks.length) =>
  blocks.slice(0, before).map(({ life }) => hasNot(life, NONE));

/** Takes a page of a block, under its lock; the last one takes the block off the list. */
function takesPage(
  { scope }: Blocks,
  cpu: CpuFields,
  { first, free, listed }: BlockFields,
  at: number,
): Operations {
  const left = scope.pages - at - 1;
  return [sets(cpu.page, first + at + 1), sets(free, left), left === 0 ? sets(listed, 0) : []];
}

/** The first block of the list gives its next page: a step for each possible page, all of one name. */
const takesListed = (m: Blocks, cpu: CpuFields, block: BlockFields, page: PageFields, at: number): Step => ({
  at: "vb_alloc",
  says: "takes a page of a block on the list",
  to: "vmap_page_range",
  when: [...noneListed(m, block.index), has(block.listed, 1), has(block.free, m.scope.pages - at)],
  redundant: onlyOurs(m, cpu, page),
  does: takesPage(m, cpu, block, at),
});

const setsPte = (m: Blocks, cpu: CpuFields, block: BlockFields, page: PageFields): Step => ({
  at: "vmap_page_range",
  says: `sets the PTE of page ${page.page}`,
  to: IDLE,
  when: [has(cpu.page, page.page + 1)],
  redundant: [isInUse(block), has(page.pte, 0), ...onlyOurs(m, cpu, page)],
  does: [sets(page.pte, 1), sets(page.live, 1), sets(cpu.page, 0)],
});

/** The beginning of both kinds of vb_alloc, and the end of every map. */
function takeAndMap(m: Blocks, cpu: CpuFields): Step[] {
  return [
    { at: IDLE, says: "vm_map_ram", to: "vb_alloc" },
    ...m.blocks.flatMap((block) => block.pages.map((page, at) => takesListed(m, cpu, block, page, at))),
    {
      at: "vb_alloc",
      says: "finds no place for a new block: refused",
      to: IDLE,
      when: [...noneListed(m), ...nonePlaced(m)],
    },
    ...m.blocks.flatMap((block) => block.pages.map((page) => setsPte(m, cpu, block, page))),
  ];
}

/** A block is placed, initialised, put into the index and on the list. */
const newBlock = (m: Blocks, cpu: CpuFields, block: BlockFields, takes: boolean): Step => ({
  at: "vb_alloc",
  says: `new_vmap_block: ${takes ? "its first page taken, listed" : "empty, listed; searches again"}`,
  to: takes ? "vmap_page_range" : "vb_alloc",
  when: [...noneListed(m), ...nonePlaced(m, block.index), has(block.life, NONE)],
  redundant: nothingMapped(m, block),
  does: [
    sets(block.life, STANDING),
    sets(block.free, m.scope.pages),
    sets(block.listed, 1),
    sets(block.indexed, 1),
    takes ? takesPage(m, cpu, block, 0) : [],
  ],
});

/** From 4.1 on (cf725ce274ba): a new block's first page is taken at once by the map that makes it. */
export const mapBornTaken = (m: Blocks, cpu: CpuFields): Step[] => [
  ...takeAndMap(m, cpu),
  ...m.blocks.map((block) => newBlock(m, cpu, block, true)),
];

/** Up to 4.0 an empty block is put on the list, and the search begins again. */
export const mapSearchingAgain = (m: Blocks, cpu: CpuFields): Step[] => [
  ...takeAndMap(m, cpu),
  ...m.blocks.map((block) => newBlock(m, cpu, block, false)),
];

// vm_unmap_ram of one page: vunmap, vb_free, and for the last page of a block free_vmap_block.

/** Marks a page dirty, under the block's lock. */
const marksDirty = ({ first, dirty, dirtyMin, dirtyMax }: BlockFields, { page }: PageFields): Operations => [
  widens({ start: dirtyMin, end: dirtyMax }, { start: page - first, end: page - first + 1 }),
  adds(dirty, 1),
];

/** The state of a block once free_vmap_block has removed it from the index, and its area is lazy. */
export const becomesLazy = ({
  life,
  dirty,
  dirtyMin,
  dirtyMax,
  free,
  indexed,
  purgeListed,
}: BlockFields): Operations => [
  sets(life, LAZY),
  clears(indexed, free, dirty, dirtyMin, dirtyMax, purgeListed),
];

/** A step of an unmap after its first: its page. */
const unmapping = (cpu: CpuFields, { page }: PageFields) => has(cpu.page, page + 1);
/** The unmap of the last page of a block. */
const nothingElse = (m: Blocks, cpu: CpuFields, block: BlockFields): readonly Condition[] => [
  isInUse(block),
  ...nothingMapped(m, block, cpu),
];

/**
 * The call begins. From 2.6.37 on (64141da58724) it clears the PTE first; before that the PTE stays. Fills delayed
 * until then (delayed-steps.ts) come before it: a step for each set of CPUs.
 */
function begins(m: Blocks, cpu: CpuFields, block: BlockFields, page: PageFields): Step[] {
  const step: Step = {
    at: IDLE,
    says: `vm_unmap_ram of page ${page.page}${m.lazyPtes ? "" : ": clears its PTE"}`,
    to: "vb_free",
    when: [has(page.live, 1)],
    redundant: [isInUse(block)],
    does: [sets(page.live, 0), m.lazyPtes ? [] : sets(page.pte, 0), sets(cpu.page, page.page + 1)],
  };
  return m.delaysFills ? afterFills(step, page) : [step];
}

/** vb_free: of a page that leaves its block partly clean, and of the last page, after which the block is all dirty. */
const vbFree = (m: Blocks, cpu: CpuFields, block: BlockFields, page: PageFields): Step[] => [
  {
    at: "vb_free",
    says: `marks page ${page.page} dirty, unlocks block ${block.index}; returns`,
    to: IDLE,
    when: [unmapping(cpu, page), hasNot(block.dirty, m.scope.pages - 1)],
    redundant: onlyOurs(m, cpu, page),
    does: [marksDirty(block, page), becomesStale(m, page), sets(cpu.page, 0)],
  },
  {
    at: "vb_free",
    says: `marks page ${page.page} dirty, the last of block ${block.index}; unlocks`,
    to: "free_vmap_block",
    when: [has(block.dirty, m.scope.pages - 1), unmapping(cpu, page)],
    redundant: nothingElse(m, cpu, block),
    does: marksDirty(block, page),
  },
];

/** The area of the block reaches the lazy list, and the call returns. */
const listsLazily = (m: Blocks, cpu: CpuFields, block: BlockFields, page: PageFields): Operations => [
  becomesLazy(block),
  becomesStale(m, page),
  sets(cpu.page, 0),
];

function forEachPage(m: Blocks, steps: (block: BlockFields, page: PageFields) => Step[]): Step[] {
  return m.blocks.flatMap((block) => block.pages.flatMap((page) => steps(block, page)));
}

/** The order of every release: dirty and unlocked first; then out of the index; then to the lazy list. */
export const unmapThenPublish = (m: Blocks, cpu: CpuFields): Step[] =>
  forEachPage(m, (block, page) => [
    ...begins(m, cpu, block, page),
    ...vbFree(m, cpu, block, page),
    {
      at: "free_vmap_block",
      says: `takes block ${block.index} out of the index`,
      to: "free_vmap_area_noflush",
      when: [unmapping(cpu, page)],
      redundant: nothingElse(m, cpu, block),
      does: sets(block.indexed, 0),
    },
    {
      at: "free_vmap_area_noflush",
      says: `puts block ${block.index} on the lazy list; returns`,
      to: IDLE,
      when: [unmapping(cpu, page)],
      redundant: nothingElse(m, cpu, block),
      does: listsLazily(m, cpu, block, page),
    },
  ]);

/**
 * Repaired: out of the index and on the lazy list under the block's lock, taken once more. A CPU that has that lock
 * sees either a full block whose range is not yet collected, or a removed one whose area is lazy. A walk must not skip
 * the first (aliases.ts, `passesFull`). The area cannot be purged, and freed, before it is lazy, so the walk may read
 * its address.
 *
 * The busy tree is left before that, with no other lock held: vread_iter takes a block's lock inside that of the busy
 * tree, so the two may not nest the other way.
 */
export const unmapPublishingUnderLock = (m: Blocks, cpu: CpuFields): Step[] =>
  forEachPage(m, (block, page) => [
    ...begins(m, cpu, block, page),
    ...vbFree(m, cpu, block, page),
    {
      at: "free_vmap_block",
      says: `locks block ${block.index}: out of the index, on the lazy list; returns`,
      to: IDLE,
      when: [unmapping(cpu, page)],
      redundant: nothingElse(m, cpu, block),
      does: listsLazily(m, cpu, block, page),
    },
  ]);
