/**
 * The skeleton of alloc_vmap_area and its kin from db64fe02 on: what a call does, step by step. Each release gives the
 * steps in which it differs. A historical bug is one of these steps replaced.
 */
import type { Alloc, Command, MapRam, PcpuGet, Vmap } from "../../spec/vmap/commands.ts";
import type { Dump, DumpedBlock, Kernel } from "../../spec/vmap/kernel.ts";
import type { Promises } from "../../spec/vmap/promises.ts";
import { fitsBlock } from "../../spec/vmap/scope.ts";
import { PAGE_SIZE, type Pages, type Vpn } from "../../spec/vmap/vocabulary.ts";
import { aliasReport, mapRange, touch } from "../hardware/memory.ts";
import { allocArea, flagArea, freeArea, freeAreaLazily, purgeNow } from "./area-calls.ts";
import { isOwned, listed, MADE_BY_RAM, NONE, takeDescriptor } from "./areas.ts";
import { allocInBlock } from "./block-calls.ts";
import type { BlockRules } from "./block-rules.ts";
import { collectDirty, dirtyInBlocks, purgeFragmented } from "./block-sweeps.ts";
import { allBlocks, listedBlocks, runsOf } from "./blocks.ts";
import { bugOn } from "./bug.ts";
import { MARKS } from "./coverage-marks.ts";
import { found } from "./find.ts";
import { kernelOf, type Result } from "./kernel.ts";
import { pin, unpin } from "./pinning.ts";
import { isTooWide } from "./search-congruent.ts";
import { NO_ROOM } from "./search-uncached.ts";
import type { State } from "./state.ts";
import type { Steps } from "./steps.ts";
import { add } from "./word-arithmetic.ts";

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

// pcpu_get_vm_areas, as every release has it except for the search.

/** Search; if that finds no base, purge once and search again. All areas or none. */
function getPercpu(state: State, asked: PcpuGet, steps: Steps): Result {
  const { takeCongruent } = steps;
  if (takeCongruent === undefined || !state.initialised || isTooWide(state, asked))
    return { kind: "refused" };
  const { areas } = state;
  const slots = asked.offsets.map(() => takeDescriptor(areas));
  let base = takeCongruent(state, asked);
  if (base === NO_ROOM) {
    purgeNow(state, steps);
    base = takeCongruent(state, asked);
    if (base !== NO_ROOM) state.marks |= MARKS.placedAfterPurge;
  }
  if (base === NO_ROOM) {
    for (const slot of slots) steps.dropUnused(state, slot);
    return { kind: "refused" };
  }
  for (const [nth, slot] of slots.entries()) {
    const start = base + (asked.offsets[nth] as Pages);
    areas.start[slot] = start;
    areas.end[slot] = start + (asked.sizes[nth] as Pages);
    steps.busy.insert(areas, slot);
  }
  return { kind: "placed", start: base, mapStopped: false };
}

// vmap, from 2.6.28 on: get_vm_area_caller, which adds the guard page, and a PTE for each page of the caller's.

/** __get_vm_area_node's guard page. */
const GUARD = 1;

/** Its frames are taken even if it is refused: the caller has them already. */
function vmap(state: State, { count, noGuard }: Vmap, steps: Steps): Result {
  // __get_vm_area_node: no size, no area.
  if (count === 0) return { kind: "refused" };
  const size = noGuard && steps.obeysNoGuard ? count : count + GUARD;
  if (noGuard && steps.warnsOfNoGuard) state.warning = "flags & VM_NO_GUARD";
  const request = { op: "alloc", size, align: 1, ...state.scope.vmalloc, map: true } as const;
  const slot = allocArea(state, request, steps);
  if (slot === NONE) {
    state.memory.nextFrame += count;
    return { kind: "refused" };
  }
  const start = state.areas.start[slot] as number;
  if (mapRange(state, start, add(state.word, start, count), count) === "mapped") {
    return { kind: "placed", start, mapStopped: false };
  }
  freeAreaLazily(state, slot, steps);
  return { kind: "refused" };
}
