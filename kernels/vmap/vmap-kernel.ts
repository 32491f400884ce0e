/**
 * The skeleton of alloc_vmap_area and its kin from db64fe02 on: what a call does, step by step. Each release gives the
 * steps in which it differs. A historical bug is one of these steps replaced.
 */

import type { Alloc, Command, MapRam, PercpuLayout } from "../../spec/vmap/commands.ts";
import type { Dump, DumpedBlock, Kernel } from "../../spec/vmap/kernel.ts";
import type { Promises } from "../../spec/vmap/releases.ts";
import { fitsBlock, type Scope } from "../../spec/vmap/scope.ts";
import { type Extent, PAGE_SIZE, type Pages, type Vpn } from "../../spec/vmap/vocabulary.ts";
import type { Facts } from "../changes.ts";
import { aliasReport, endHold, mapRange, touch } from "../hardware/memory.ts";
import { type AreaIndex, removeFromTree } from "./area-index.ts";
import { giveBackDescriptor, isOwned, listed, MADE_BY_RAM, NONE, takeDescriptor } from "./areas.ts";
import { allocInBlock, collectDirty, dirtyInBlocks, purgeFragmented } from "./block-calls.ts";
import type { BlockRules } from "./block-rules.ts";
import { allBlocks, listedBlocks, runsOf } from "./blocks.ts";
import { bugOn } from "./bug.ts";
import { MARKS, type Mark } from "./coverage-marks.ts";
import { found } from "./find.ts";
import type { AreaSteps } from "./fingerprint.ts";
import { kernelOf, type Result } from "./kernel.ts";
import { getPercpu } from "./percpu.ts";
import { pin, unpin } from "./pinning.ts";
import { NO_ROOM } from "./search-uncached.ts";
import type { State } from "./state.ts";
import { vmap } from "./vmap-call.ts";
import { add } from "./word-arithmetic.ts";
import { takeTurn } from "./work.ts";

export interface Steps {
  /** The state before any call. */
  initial(scope: Scope): State;
  /** Finds an address, or NO_ROOM. Where free space is a tree, the search takes it out of there as well. */
  search(state: State, request: Alloc): Vpn;
  /** The search after the purge that a refusal forces. */
  searchAgain(state: State, request: Alloc): Vpn;
  /** The same for the areas of a pcpuGet, which go together. Absent where that is not modelled. */
  takeCongruent?(state: State, congruent: PercpuLayout): Vpn;
  /** A refused call's descriptor. */
  dropUnused(state: State, slot: number): void;
  /** After an area was inserted: what the search records, and the assertions on it. */
  placed(state: State, slot: number, request: Alloc): void;
  /** flush_cache_vunmap of [start, end): a cache indexed by virtual address writes its dirty lines back. */
  flushCache(state: State, start: Vpn, end: Vpn): void;
  /** remove_vm_area's own mark on the area it found. */
  removed(state: State, slot: number): void;
  busy: AreaIndex;
  /** What a free does to an area's PTEs at once. */
  unmapFreed(state: State, slot: number): void;
  /** free_vmap_area_noflush, short of a purge: from now on the area is lazy. */
  keepLazy(state: State, slot: number): void;
  /** Up to 5.17 a free that exceeds the lazy limit purges; 690467c81b1a (5.18) leaves that to the drain work. */
  purgesInline: boolean;
  /**
   * __purge_vmap_area_lazy: flushes and releases every lazy area, if there is one. The flush covers `dirty` as well,
   * which blocks have given back, and happens for that alone if necessary. Pools are emptied or decay (6.9 on).
   */
  purge(state: State, dirty: Extent | undefined, pools: "emptied" | "decay"): void;
  /** vm_unmap_aliases. */
  unmapAliases(state: State, steps: Steps): void;
  /** How a dump shows an area. */
  isLazy(state: State, slot: number): boolean;
  /** What only a later kernel's dump shows: free space, lazy extents, pools; and areas in another order. */
  dumpMore?(state: State): Pick<Dump, "free" | "purge" | "pool">;
  orderAreas?(state: State, slots: number[]): number[];
  /**
   * Whether the result of a search, or what it records, depends on the tree's shape, not only on which area comes next.
   */
  readsTree: boolean;
  freeTree?: NonNullable<AreaSteps["freeTree"]>;
  hasCache: boolean;
  /** vmap omits the guard page for a caller that passes VM_NO_GUARD: from 71394fe50146 (4.0) to bd1a8fb2d43f (5.16). */
  obeysNoGuard: boolean;
  /** It warns about VM_NO_GUARD, and keeps the page (bd1a8fb2d43f, 5.16). */
  warnsOfNoGuard: boolean;
  /** Whether alloc_vmap_area refuses a caller that cannot wait for a purge instead of purging (6.19). */
  noblock: boolean;
  /** find_vmap_area: a slot, or NONE. */
  find(state: State, page: Vpn): number;
  /** vm_unmap_ram, which does not check its arguments. */
  unmapRam(state: State, start: Vpn, count: Pages, steps: Steps): void;
  /** vfree of an address at which no area begins that has a vm_struct. */
  strayFree(state: State, start: Vpn, steps: Steps): void;
  /** Its answers to calls outside their domain. */
  outside: Pick<Facts, "allocOfNothing" | "freeNowhere" | "freeAgain" | "unmapNowhere" | "unlinksAny">;
  blocks: BlockRules;
  /** The marks these steps can set, beside those of every kernel here. */
  paths: readonly Mark[];
}

/** A kernel made of these steps, named after the release unless it is a changed one. */
export function vmapKernel(release: Promises, steps: Steps, name?: string): Kernel<State> {
  return kernelOf({
    release,
    name,
    paths: ["placedAfterPurge", ...steps.paths],
    initial: steps.initial,
    answer: (state, command) => {
      const result = answer(state, command, steps);
      if (state.drainWaits) drain(state, steps);
      return result;
    },
    dump: (state) => dump(state, steps),
    areas: steps,
  });
}

/** drain_vmap_area_work: a work item runs after the call that delayed it. */
function drain(state: State, steps: Steps): void {
  state.drainWaits = false;
  state.workItems += 1;
  steps.purge(state, undefined, "decay");
}

function answer(state: State, command: Command, steps: Steps): Result {
  switch (command.op) {
    case "alloc":
      return alloc(state, command, steps);
    case "free":
      free(state, command.start, steps);
      return { kind: "done" };
    case "init":
      state.initialised = true;
      return { kind: "done" };
    case "pin":
      return pin(state, () => steps.unmapAliases(state, steps));
    case "unpin":
      unpin(state, command.frame);
      return { kind: "done" };
    case "mapRam":
      return mapRam(state, command, steps);
    case "find":
      return found(state, steps.find(state, command.page));
    case "vmap":
      return vmap(state, command, steps);
    case "unmapRam":
      steps.unmapRam(state, command.start, command.count, steps);
      return { kind: "done" };
    case "pcpuGet":
      return getPercpu(state, command, steps);
    case "pcpuFree":
      for (const offset of command.offsets) freePercpu(state, command.start + offset, steps);
      return { kind: "done" };
    case "purge":
      purgeNow(state, steps);
      return { kind: "done" };
    case "unmapAliases":
      steps.unmapAliases(state, steps);
      return { kind: "done", aliases: aliasReport(state) };
    case "tlb":
      return { kind: "done", aliases: aliasReport(state) };
    case "touch":
      return { kind: "reached", ...touch(state, command) };
  }
}

/** purge_vmap_area_lazy: a purge that waits for the lock, and takes fragmented blocks as well. */
export function purgeNow(state: State, steps: Steps): void {
  takeTurn(state, "purge_vmap_area_lazy");
  purgeFragmented(state, steps);
  steps.purge(state, undefined, "emptied");
}

/** vm_unmap_aliases as every release has it, except for the blocks it looks at. Before vmalloc_init it does nothing. */
export function unmapAliases(state: State, steps: Steps): void {
  if (state.initialised) sweepAliases(state, steps);
}

/** The same without that test (9b46333 brought it). */
export function sweepAliases(state: State, steps: Steps): void {
  bugOn(!state.initialised, "vm_unmap_aliases: NULL in a per-CPU list that was never initialised");
  const dirty = dirtyInBlocks(state, steps);
  purgeFragmented(state, steps);
  steps.purge(state, dirty, "decay");
}

/**
 * The same from 6.5 on: one walk over all blocks, on a list or not (fc1e0d980037), purges the fragmented ones with
 * little left and collects the dirty ranges of the others (ca5e46c3400b).
 */
export function sweepAllBlocks(state: State, steps: Steps): void {
  if (!state.initialised) return;
  const dirty = collectDirty(state, steps);
  steps.purge(state, dirty, "decay");
}

function alloc(state: State, request: Alloc, steps: Steps): Result {
  if (request.size === 0 && steps.outside.allocOfNothing !== "placed") {
    bugOn(steps.outside.allocOfNothing === "bug", "alloc_vmap_area: !size");
    return { kind: "refused" };
  }
  const slot = allocArea(state, request, steps);
  if (slot === NONE) return { kind: "refused" };
  const start = state.areas.start[slot] as number;
  if (!request.map) return { kind: "placed", start, mapStopped: false };
  const mapped = mapRange(state, start, state.areas.end[slot] as number, request.size);
  return { kind: "placed", start, mapStopped: mapped === "stopped" };
}

/** alloc_vmap_area: search; if that finds no room, purge once and search again. NONE if it is refused. */
export function allocArea(state: State, request: Alloc, steps: Steps): number {
  const { areas } = state;
  const slot = takeDescriptor(areas);
  let start = steps.search(state, request);
  if (start === NO_ROOM && !(request.noblock && steps.noblock)) {
    purgeNow(state, steps);
    start = steps.searchAgain(state, request);
    if (start !== NO_ROOM) state.marks |= MARKS.placedAfterPurge;
  }
  if (start === NO_ROOM) {
    steps.dropUnused(state, slot);
    return NONE;
  }
  areas.start[slot] = start;
  areas.end[slot] = add(state.word, start, request.size);
  steps.busy.insert(areas, slot);
  steps.placed(state, slot, request);
  return slot;
}

/** vm_map_ram: through a block if it is small enough for one. Its frames are taken even if it is refused. */
function mapRam(state: State, { cpu, count }: MapRam, steps: Steps): Result {
  const { vmalloc } = state.scope;
  let start: Vpn = NO_ROOM;
  if (fitsBlock(state.scope, count)) {
    start = allocInBlock(state, cpu, count, steps);
  } else {
    const request = { op: "alloc", size: count, align: PAGE_SIZE, ...vmalloc, map: true, cpu } as const;
    const slot = allocArea(state, request, steps);
    if (slot !== NONE) {
      start = state.areas.start[slot] as number;
      flagArea(state, slot, steps.blocks.flags.map | MADE_BY_RAM);
    }
  }
  if (start === NO_ROOM) {
    state.memory.nextFrame += count;
    return { kind: "refused" };
  }
  if (mapRange(state, start, add(state.word, start, count), count) === "mapped") {
    return { kind: "placed", start, mapStopped: false };
  }
  steps.unmapRam(state, start, count, steps);
  return { kind: "refused" };
}

/** The flags that alloc_vmap_area's caller sets on the area. */
export function flagArea({ areas }: State, slot: number, flags: number): void {
  areas.flags[slot] = (areas.flags[slot] as number) | flags;
}

/** vfree. */
function free(state: State, start: Vpn, steps: Steps): void {
  const slot = steps.busy.find(state.areas, start);
  if (slot !== NONE && isOwned(state.areas, slot)) freeArea(state, slot, steps);
  else steps.strayFree(state, start, steps);
}

/** free_vm_area, which pcpu_free_vm_areas calls for each area. */
function freePercpu(state: State, start: Vpn, steps: Steps): void {
  const slot = steps.busy.find(state.areas, start);
  bugOn(slot === NONE || !isOwned(state.areas, slot), "free_vm_area: ret != area");
  freeArea(state, slot, steps);
}

/** remove_vm_area, of an area that it found. */
export function freeArea(state: State, slot: number, steps: Steps): void {
  steps.removed(state, slot);
  freeAreaLazily(state, slot, steps);
}

/** free_unmap_vmap_area: its owner frees the area; too many lazy pages start a purge. */
export function freeAreaLazily(state: State, slot: number, steps: Steps): void {
  const { start, end } = state.areas;
  endHold(state, start[slot] as number, end[slot] as number);
  steps.flushCache(state, start[slot] as number, end[slot] as number);
  steps.unmapFreed(state, slot);
  steps.keepLazy(state, slot);
  purgeIfTooLazy(state, steps);
}

/** A free that leaves more lazy pages than it may. */
export function purgeIfTooLazy(state: State, steps: Steps): void {
  if (steps.purgesInline && state.lazyPages > state.lazyMaxPages) steps.purge(state, undefined, "decay");
}

/** The end of __free_vmap_area: out of tree and list; RCU frees the descriptor. */
export function eraseArea(state: State, slot: number): void {
  removeFromTree(state.areas, slot);
  // The harshest legal RCU: the grace period is over at once. No reply but `usedAfterFree` can show it.
  state.rcuCallbacks += 1;
  giveBackDescriptor(state.areas, slot);
}

function dump(state: State, steps: Steps): Dump {
  const { areas, blocks } = state;
  const cached = state.freeVmapCache;
  steps.busy.list(areas);
  const slots = Array.from(listed(areas));
  const inOrder = steps.orderAreas?.(state, slots) ?? slots;
  return {
    areas: inOrder.map((slot) => ({
      start: areas.start[slot] as number,
      end: areas.end[slot] as number,
      flags: (areas.flags[slot] as number) & ~MADE_BY_RAM,
      lazy: steps.isLazy(state, slot),
    })),
    lazyPages: state.lazyPages,
    cache: steps.hasCache
      ? {
          freeVmapCache: cached === NONE ? null : (areas.start[cached] as number),
          cachedHoleSize: state.cachedHoleSize,
          cachedVstart: state.cachedVstart,
          cachedAlign: state.cachedAlign,
        }
      : undefined,
    ...steps.dumpMore?.(state),
    blocks: allBlocks(blocks)
      .map((block) => dumpBlock(state, block, steps.blocks))
      .sort((a, b) => a.start - b.start),
    freeLists: Array.from(blocks.head.keys(), (cpu) =>
      listedBlocks(blocks, cpu).map((block) => areas.start[blocks.area[block] as number] as number),
    ),
  };
}

function dumpBlock({ areas, blocks }: State, block: number, { dirty, recordsCpu }: BlockRules): DumpedBlock {
  const cpu = blocks.cpu[block] as number;
  const asRuns = dirty.shown === "runs";
  return {
    start: areas.start[blocks.area[block] as number] as number,
    free: blocks.free[block] as number,
    dirty: blocks.dirty[block] as number,
    onFreeList: blocks.listed[block] === 1 ? cpu : null,
    cpu: recordsCpu ? cpu : undefined,
    dirtyRuns: asRuns ? runsOf(blocks.givenBack, blocks, block) : undefined,
    dirtyRange: asRuns ? undefined : { start: dirty.first(blocks, block), end: dirty.end(blocks, block) },
  };
}
