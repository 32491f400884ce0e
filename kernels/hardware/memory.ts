/**
 * The allocator's surroundings: the kernel page table, one TLB for each CPU, and what the callers hold mapped. The
 * recordings were made with the same three (FORMAT.md): fresh frames are counted from 1, a TLB is filled only by a
 * touch, a flush of [start, end) drops those pages on every CPU.
 */
import type { AliasReport, Response, Touch, Translation } from "../../spec/vmap/commands.ts";
import type { Cpu, Extent, Pages, Pfn, Vpn } from "../../spec/vmap/vocabulary.ts";
import { bugOn } from "../vmap/bug.ts";
import {
  assignFrames,
  assignPageMap,
  copyFrames,
  copyPageMap,
  dropPage,
  dropRange,
  emptyFrames,
  emptyPageMap,
  type Frames,
  frameOf,
  freeFrame,
  type PageMap,
  pagesIn,
  pagesOf,
  setFrame,
} from "./page-map.ts";

export interface Memory {
  readonly pageTable: PageMap;
  /**
   * What callers hold: the frame that the latest map of this page was to put there, until an area around it is freed.
   * Two callers share a page only after an illegal reply; then the latest counts (docs/findings.md, 6).
   */
  readonly held: PageMap;
  /** By CPU. */
  readonly tlbs: readonly PageMap[];
  /** Pages with dirty lines in a cache indexed by virtual address. */
  readonly cache: PageMap;
  readonly frames: Frames;
  nextFrame: Pfn;
}

/** What of a kernel's state the hardware works on: its memory, and what the reply counts. */
interface Machine {
  readonly memory: Memory;
  readonly word: Pages;
  /** Whether frames are noted one by one. */
  readonly notesFrames: boolean;
  flushes: readonly Extent[];
  pteSet: number;
  pteCleared: number;
}

export function emptyMemory(cpus: Cpu): Memory {
  return {
    pageTable: emptyPageMap(),
    held: emptyPageMap(),
    tlbs: Array.from({ length: cpus }, emptyPageMap),
    cache: emptyPageMap(),
    frames: emptyFrames(),
    nextFrame: 1,
  };
}

export function copyMemory(memory: Memory): Memory {
  return {
    pageTable: copyPageMap(memory.pageTable),
    held: copyPageMap(memory.held),
    tlbs: memory.tlbs.map(copyPageMap),
    cache: copyPageMap(memory.cache),
    frames: copyFrames(memory.frames),
    nextFrame: memory.nextFrame,
  };
}

/** Makes `to` equal to `from`; both have the same CPUs. */
export function assignMemory(to: Memory, from: Memory): void {
  assignPageMap(to.pageTable, from.pageTable);
  assignPageMap(to.held, from.held);
  for (let cpu = 0; cpu < from.tlbs.length; cpu++) {
    assignPageMap(to.tlbs[cpu] as PageMap, from.tlbs[cpu] as PageMap);
  }
  assignPageMap(to.cache, from.cache);
  assignFrames(to.frames, from.frames);
  to.nextFrame = from.nextFrame;
}

/**
 * map_vm_area: a fresh frame under every page of [start, end), which the caller holds from now on. Stops at a present
 * PTE and reports it. `pages` is the length; `end` may have wrapped, which the page-table walker reports as a bug.
 */
export function mapRange(state: Machine, start: Vpn, end: Vpn, pages: Pages): "mapped" | "stopped" {
  bugOn(start >= end, "vmap_page_range: addr >= end");
  const { memory } = state;
  const first = memory.nextFrame;
  memory.nextFrame += pages;
  for (let page = start; page < end; page++) setFrame(memory.held, page, first + (page - start));
  for (let page = start; page < end; page++) {
    if (frameOf(memory.pageTable, page) !== 0) return "stopped";
    setFrame(memory.pageTable, page, first + (page - start));
    state.pteSet += 1;
  }
  return "mapped";
}

/** vunmap_page_range: clears the PTEs of [start, end). */
export function unmapRange(state: Machine, start: Vpn, end: Vpn): void {
  bugOn(start >= end, "vunmap_page_range: addr >= end");
  state.pteCleared += dropRange(state.memory.pageTable, start, end);
}

/** What callers hold of [start, end) is freed: from now on a translation to it is dead. */
export function endHold(state: Machine, start: Vpn, end: Vpn): void {
  const { held, frames } = state.memory;
  // The end of an area that reaches the top of the word has wrapped.
  for (const page of pagesIn(held, start, end > start ? end : (state.word as number))) {
    freeFrame(frames, frameOf(held, page), state.notesFrames);
    dropPage(held, page);
  }
}

/** flush_tlb_kernel_range. */
export function flushTlbKernelRange(state: Machine, start: Vpn, end: Vpn): void {
  state.flushes = [...state.flushes, { start, end }];
  for (const tlb of state.memory.tlbs) dropRange(tlb, start, end);
}

/** flush_cache_vunmap: a cache indexed by virtual address writes back what it has of [start, end). */
export function flushCacheVunmap(state: Machine, start: Vpn, end: Vpn): void {
  dropRange(state.memory.cache, start, end);
}

/** The host clears one PTE. */
export function dropPte(state: Machine, page: Vpn): void {
  if (dropPage(state.memory.pageTable, page)) state.pteCleared += 1;
}

/** The pages whose PTE maps this frame although no caller holds it there. */
export function deadPagesOf({ memory }: Pick<Machine, "memory">, frame: Pfn): Vpn[] {
  const { pageTable, held } = memory;
  const found: Vpn[] = [];
  for (let slot = 0; slot < pageTable.pages.length; slot++) {
    const page = pageTable.pages[slot] as number;
    if (page >= 0 && pageTable.frames[slot] === frame && frameOf(held, page) !== frame) found.push(page);
  }
  return found.sort((a, b) => a - b);
}

/** One CPU reads or writes one page: its TLB answers first, as hardware does; a miss is filled from the page table. */
export function touch(
  state: Machine,
  { cpu, page, write }: Touch,
): Pick<Response & { kind: "reached" }, "hit" | "frame"> {
  const reached = translate(state, cpu, page);
  if (write && reached.frame !== null) setFrame(state.memory.cache, page, reached.frame);
  return reached;
}

function translate(state: Machine, cpu: Cpu, page: Vpn): ReturnType<typeof touch> {
  const tlb = state.memory.tlbs[cpu];
  if (tlb === undefined) throw new RangeError(`CPU ${cpu} of ${state.memory.tlbs.length}`);
  const cached = frameOf(tlb, page);
  if (cached !== 0) return { hit: true, frame: cached };
  const frame = frameOf(state.memory.pageTable, page);
  if (frame === 0) return { hit: false, frame: null };
  setFrame(tlb, page, frame);
  return { hit: false, frame };
}

/** What page tables and TLBs still hold of freed pages. */
export function aliasReport(state: Machine): AliasReport {
  const { pageTable, held, tlbs } = state.memory;
  const staleTlb: Translation[] = [];
  const deadTlb: Translation[] = [];
  for (const [cpu, tlb] of tlbs.entries()) {
    for (const page of pagesOf(tlb)) {
      const frame = frameOf(tlb, page);
      if (frameOf(pageTable, page) !== frame) staleTlb.push({ cpu, page, frame });
      if (frameOf(held, page) !== frame) deadTlb.push({ cpu, page, frame });
    }
  }
  let deadPtes = 0;
  // In no order: sorting a page table of thousands of pages took two thirds of the time of a call.
  for (let slot = 0; slot < pageTable.pages.length; slot++) {
    const page = pageTable.pages[slot] as number;
    if (page >= 0 && frameOf(held, page) !== pageTable.frames[slot]) deadPtes += 1;
  }
  return { staleTlb, deadTlb, deadPtes };
}
