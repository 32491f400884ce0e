/** vm_unmap_ram of one page: vunmap, vb_free, and for the last page of a block free_vmap_block. */
import { type Condition, has, hasNot } from "../../../engine/reduce/conditions.ts";
import { IDLE, type Step } from "../../program.ts";
import { afterFills } from "./delayed-steps.ts";
import { type BlockFields, type Blocks, type CpuFields, LAZY, type PageFields } from "./fields.ts";
import { nothingMapped, onlyOurs, stands } from "./redundant-guards.ts";
import { letsGo } from "./stale-pages.ts";

/** Marks a page dirty, under the block's lock. */
function markDirty({ first, dirty, dirtyMin, dirtyMax }: BlockFields, page: number, state: Int32Array): void {
  const at = page - first;
  const none = dirtyMin.get(state) >= dirtyMax.get(state);
  dirtyMin.set(state, none ? at : Math.min(dirtyMin.get(state), at));
  dirtyMax.set(state, none ? at + 1 : Math.max(dirtyMax.get(state), at + 1));
  dirty.set(state, dirty.get(state) + 1);
}
const dirtyFields = ({ dirty, dirtyMin, dirtyMax }: BlockFields) => [dirty, dirtyMin, dirtyMax];

/** What a block looks like once free_vmap_block has taken it out of the index, and its area is lazy. */
export function becomesLazy({ life, dirty, dirtyMin, dirtyMax, free, indexed, purgeListed }: BlockFields) {
  const cleared = [dirty, dirtyMin, dirtyMax, free, indexed, purgeListed];
  return {
    does: (state: Int32Array) => {
      for (const field of cleared) field.set(state, 0);
      life.set(state, LAZY);
    },
    writes: [life, ...cleared],
  };
}

/** A step of an unmap after its beginning: whose page it is. */
const unmapping = (cpu: CpuFields, { page }: PageFields) => has(cpu.page, page + 1);
/** And the last one of its block. */
const unmappingLast = (m: Blocks, cpu: CpuFields, block: BlockFields, page: PageFields) => [
  unmapping(cpu, page),
  stands(block),
  ...nothingMapped(m, block, cpu),
];

/** The call begins. From 2.6.37 on (64141da58724) it clears the PTE first; before that the PTE stays. */
function begin(
  { lazyPtes }: Blocks,
  cpu: CpuFields,
  block: BlockFields,
  { page, live, pte }: PageFields,
): Step {
  const cleared = lazyPtes ? [live] : [live, pte];
  return {
    at: IDLE,
    says: `vm_unmap_ram of page ${page}${lazyPtes ? "" : ": clears its PTE"}`,
    to: "vb_free",
    when: [has(live, 1), stands(block)],
    does: (state) => {
      for (const field of cleared) field.set(state, 0);
      cpu.page.set(state, page + 1);
    },
    writes: [...cleared, cpu.page],
  };
}

/** The same, after fills that were put off until then (put-off.ts): a step for each set of CPUs. */
function begins(m: Blocks, cpu: CpuFields, block: BlockFields, page: PageFields): Step[] {
  const step = begin(m, cpu, block, page);
  return m.putsOffFills ? afterFills(step, page) : [step];
}

/** vb_free of a page that is not the last one its block waits for: dirty, and returned. */
function notTheLast(m: Blocks, cpu: CpuFields, block: BlockFields, page: PageFields): Step {
  const letting = letsGo(m, page);
  return {
    at: "vb_free",
    says: `marks page ${page.page} dirty, unlocks block ${block.index}; returns`,
    to: IDLE,
    when: [unmapping(cpu, page), hasNot(block.dirty, m.scope.pages - 1), ...onlyOurs(m, cpu, page)],
    does: (state) => {
      markDirty(block, page.page, state);
      letting.does(state);
      cpu.page.set(state, 0);
    },
    reads: [...dirtyFields(block), ...letting.reads],
    writes: [...dirtyFields(block), ...letting.writes, cpu.page],
  };
}

/** vb_free of the last page: the block is full of dirty pages, and its lock is dropped. */
function isTheLast(
  { scope }: Blocks,
  block: BlockFields,
  { page }: PageFields,
  when: readonly Condition[],
): Step {
  return {
    at: "vb_free",
    says: `marks page ${page} dirty, the last of block ${block.index}; unlocks`,
    to: "free_vmap_block",
    when: [has(block.dirty, scope.pages - 1), ...when],
    does: (state) => markDirty(block, page, state),
    reads: dirtyFields(block),
    writes: dirtyFields(block),
  };
}

/** The area of the block reaches the lazy list, and the call returns. */
function listsLazily(m: Blocks, cpu: CpuFields, block: BlockFields, page: PageFields) {
  const [letting, listing] = [letsGo(m, page), becomesLazy(block)];
  return {
    does: (state: Int32Array) => {
      listing.does(state);
      letting.does(state);
      cpu.page.set(state, 0);
    },
    reads: letting.reads,
    writes: [...listing.writes, ...letting.writes, cpu.page],
  };
}

function forEachPage(m: Blocks, steps: (block: BlockFields, page: PageFields) => Step[]): Step[] {
  return m.blocks.flatMap((block) => block.pages.flatMap((page) => steps(block, page)));
}

/** The order of every release: dirty and unlocked first; then out of the index; then to the lazy list. */
export const unmapThenPublish = (m: Blocks, cpu: CpuFields): Step[] =>
  forEachPage(m, (block, page) => [
    ...begins(m, cpu, block, page),
    notTheLast(m, cpu, block, page),
    isTheLast(m, block, page, unmappingLast(m, cpu, block, page)),
    {
      at: "free_vmap_block",
      says: `takes block ${block.index} out of the index`,
      to: "free_vmap_area_noflush",
      when: unmappingLast(m, cpu, block, page),
      does: (state) => block.indexed.set(state, 0),
      writes: [block.indexed],
    },
    {
      at: "free_vmap_area_noflush",
      says: `puts block ${block.index} on the lazy list; returns`,
      to: IDLE,
      when: unmappingLast(m, cpu, block, page),
      ...listsLazily(m, cpu, block, page),
    },
  ]);

/**
 * Repaired: out of the index and on the lazy list under the block's lock, taken once more. Whoever has that lock sees
 * a full block whose range is still to be collected, or one that is gone and whose area is lazy: so a walk must not
 * pass by the first (aliases.ts, `passesFull`). The area cannot be purged, and freed, before it is lazy, so the walk
 * may read where it lies.
 *
 * The busy tree is left before that, with no other lock held: vread_iter takes a block's lock inside that of the busy
 * tree, so the two may not nest the other way.
 */
export const unmapPublishingUnderLock = (m: Blocks, cpu: CpuFields): Step[] =>
  forEachPage(m, (block, page) => [
    ...begins(m, cpu, block, page),
    notTheLast(m, cpu, block, page),
    isTheLast(m, block, page, unmappingLast(m, cpu, block, page)),
    {
      at: "free_vmap_block",
      says: `locks block ${block.index}: out of the index, on the lazy list; returns`,
      to: IDLE,
      when: unmappingLast(m, cpu, block, page),
      ...listsLazily(m, cpu, block, page),
    },
  ]);
