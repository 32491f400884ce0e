/** vm_unmap_ram of one page: vunmap, vb_free, and for the last page of a block free_vmap_block. */
import { adds, clears, type Operations, sets, widens } from "../../../engine/operations.ts";
import { type Condition, has, hasNot } from "../../../engine/reduce/conditions.ts";
import { IDLE, type Step } from "../../program.ts";
import { afterFills } from "./delayed-steps.ts";
import { type BlockFields, type Blocks, type CpuFields, LAZY, type PageFields } from "./fields.ts";
import { isInUse, nothingMapped, onlyOurs } from "./redundant-guards.ts";
import { becomesStale } from "./stale-pages.ts";

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
