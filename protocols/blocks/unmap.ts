/** vm_unmap_ram of one page: vunmap, vb_free, and for the last page of a block free_vmap_block. */
import { has } from "../../engine/conditions.ts";
import { IDLE, type Step } from "../program.ts";
import {
  allOf,
  type BlockFields,
  type Blocks,
  type CpuFields,
  LAZY,
  mappedSomewhere,
  tlbsOf,
} from "./fields.ts";

/** Notes that the unmap of a page has returned. Nobody can map it again before its block is released. */
function returned(m: Blocks, cpu: CpuFields, page: number, state: Int32Array): void {
  m.stale.set(state, m.stale.get(state) | (mappedSomewhere(m, state) & (1 << page)));
  cpu.page.set(state, 0);
}

/** Marks a page dirty, under the block's lock. */
function markDirty(block: BlockFields, page: number, state: Int32Array): void {
  const at = page - block.first;
  const none = block.dirtyMin.get(state) >= block.dirtyMax.get(state);
  block.dirtyMin.set(state, none ? at : Math.min(block.dirtyMin.get(state), at));
  block.dirtyMax.set(state, none ? at + 1 : Math.max(block.dirtyMax.get(state), at + 1));
  block.dirty.set(state, block.dirty.get(state) + 1);
}

/** What a block looks like once free_vmap_block has taken it out of the index, and its area is lazy. */
export function becomeLazy(block: BlockFields, state: Int32Array): void {
  for (const field of allOf(block)) field.set(state, 0);
  block.life.set(state, LAZY);
}

const dirtyFields = ({ dirty, dirtyMin, dirtyMax }: BlockFields) => [dirty, dirtyMin, dirtyMax];

/** The call begins. From 2.6.38 on (64141da58724) it clears the PTE first; before that the PTE stays. */
function begin(m: Blocks, cpu: CpuFields, page: number, clearsPte: boolean): Step {
  return {
    at: IDLE,
    says: `vm_unmap_ram of page ${page}${clearsPte ? ": clears its PTE" : ""}`,
    to: "vb_free",
    guard: (state) => ((m.live.get(state) >>> page) & 1) === 1,
    does: (state) => {
      m.live.set(state, m.live.get(state) & ~(1 << page));
      if (clearsPte) m.ptes.set(state, m.ptes.get(state) & ~(1 << page));
      cpu.page.set(state, page + 1);
    },
    reads: [m.live, m.ptes],
    writes: [m.live, cpu.page, ...(clearsPte ? [m.ptes] : [])],
  };
}

/** vb_free of a page that is not the last one its block waits for: dirty, and returned. */
function notTheLast(m: Blocks, cpu: CpuFields, block: BlockFields, page: number): Step {
  return {
    at: "vb_free",
    says: `marks page ${page} dirty, unlocks block ${block.index}; returns`,
    to: IDLE,
    when: [has(cpu.page, page + 1)],
    guard: (state) => block.dirty.get(state) + 1 < m.scope.pages,
    does: (state) => {
      markDirty(block, page, state);
      returned(m, cpu, page, state);
    },
    reads: [...dirtyFields(block), m.stale, m.ptes, ...tlbsOf(m)],
    writes: [...dirtyFields(block), m.stale, cpu.page],
  };
}

/** The last page: what follows may be done at once, or in phases. */
function last(
  m: Blocks,
  cpu: CpuFields,
  block: BlockFields,
  page: number,
): Pick<Step, "at" | "when" | "guard" | "reads"> {
  return {
    at: "vb_free",
    when: [has(cpu.page, page + 1)],
    guard: (state) => block.dirty.get(state) + 1 === m.scope.pages,
    reads: [...dirtyFields(block), m.stale, m.ptes, ...tlbsOf(m)],
  };
}

/** The area of the block reaches the lazy list, and the call returns. */
function listLazily(m: Blocks, cpu: CpuFields, block: BlockFields, page: number, state: Int32Array): void {
  becomeLazy(block, state);
  returned(m, cpu, page, state);
}

function forEachPage(m: Blocks, steps: (block: BlockFields, page: number) => Step[]): Step[] {
  return m.blocks.flatMap((block) =>
    Array.from({ length: m.scope.pages }, (_none, at) => steps(block, block.first + at)).flat(),
  );
}

/** The order of every release: dirty and unlocked first; then out of the index; then to the lazy list. */
export const unmapThenPublish =
  (clearsPte: boolean) =>
  (m: Blocks, cpu: CpuFields): Step[] =>
    forEachPage(m, (block, page) => [
      begin(m, cpu, page, clearsPte),
      notTheLast(m, cpu, block, page),
      {
        ...last(m, cpu, block, page),
        says: `marks page ${page} dirty, the last of block ${block.index}; unlocks`,
        to: "free_vmap_block",
        does: (state) => markDirty(block, page, state),
        writes: dirtyFields(block),
      },
      {
        at: "free_vmap_block",
        says: `takes block ${block.index} out of the index`,
        to: "free_vmap_area_noflush",
        when: [has(cpu.page, page + 1)],
        does: (state) => block.indexed.set(state, 0),
        reads: [],
        writes: [block.indexed],
      },
      {
        at: "free_vmap_area_noflush",
        says: `puts block ${block.index} on the lazy list; returns`,
        to: IDLE,
        when: [has(cpu.page, page + 1)],
        does: (state) => listLazily(m, cpu, block, page, state),
        reads: [m.stale, m.ptes, ...tlbsOf(m)],
        writes: [...allOf(block), m.stale, cpu.page],
      },
    ]);

/** Repaired: all that under the block's lock, so nobody sees a full block whose area is not lazy. */
export const unmapPublishingUnderLock =
  (clearsPte: boolean) =>
  (m: Blocks, cpu: CpuFields): Step[] =>
    forEachPage(m, (block, page) => [
      begin(m, cpu, page, clearsPte),
      notTheLast(m, cpu, block, page),
      {
        ...last(m, cpu, block, page),
        says: `the last of block ${block.index}: out of the index, on the lazy list, unlocks; returns`,
        to: IDLE,
        does: (state) => listLazily(m, cpu, block, page, state),
        writes: [...allOf(block), m.stale, cpu.page],
      },
    ]);
