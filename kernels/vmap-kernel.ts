/**
 * The skeleton of alloc_vmap_area and its kin from db64fe02 to 5.0.1: what a call does, step by step, each
 * release giving the steps in which it differs. A historical bug is one of these steps replaced.
 */
import type { Alloc, Command } from "../spec/commands.ts";
import type { Dump, Kernel } from "../spec/kernel.ts";
import type { Promises } from "../spec/releases.ts";
import type { Vpn } from "../spec/vocabulary.ts";
import {
  findArea,
  giveBackDescriptor,
  listed,
  listInsertAfter,
  listRemove,
  NONE,
  takeDescriptor,
} from "./areas.ts";
import { bugOn } from "./bug.ts";
import { MARKS, type Mark } from "./marks.ts";
import { aliasReport, grant, letGo, mapRange, touch } from "./memory.ts";
import { erase, linkAndColour, prev } from "./rbtree.ts";
import { NO_ROOM } from "./search-uncached.ts";
import { kernelOf, type Result } from "./shell.ts";
import type { State } from "./state.ts";
import { add } from "./word.ts";

export interface Steps {
  /** Finds an address, or NO_ROOM. */
  search(state: State, request: Alloc): Vpn;
  /** The search after the purge that a refusal forces. */
  searchAgain(state: State, request: Alloc): Vpn;
  /** A refused call's descriptor. */
  dropUnused(state: State, slot: number): void;
  /** After an area was inserted: what the search remembers, and the assertions on it. */
  placed(state: State, slot: number, request: Alloc): void;
  /** free_unmap_vmap_area: marks the area lazy, and what else a free does at once, short of a purge. */
  letGo(state: State, slot: number): void;
  /** purge_vmap_area_lazy: flushes and releases every lazy area, if there is one. */
  purge(state: State): void;
  /** vm_unmap_aliases, over areas. */
  unmapAliases(state: State): void;
  /** How a dump shows an area. */
  isLazy(state: State, slot: number): boolean;
  hasCache: boolean;
  /** The marks these steps can set, beside those of every kernel here. */
  paths: readonly Mark[];
}

/** A kernel made of these steps, named after the release unless it is a changed one. */
export function vmapKernel(release: Promises, steps: Steps, name?: string): Kernel<State> {
  return kernelOf({
    release,
    name,
    paths: ["placedAfterPurge", ...steps.paths],
    answer: (state, command) => answer(state, command, steps),
    dump: (state) => dump(state, steps),
  });
}

function answer(state: State, command: Command, steps: Steps): Result {
  switch (command.op) {
    case "alloc":
      return alloc(state, command, steps);
    case "free":
      free(state, command.start, steps);
      return { kind: "done" };
    case "purge":
      steps.purge(state);
      return { kind: "done" };
    case "unmapAliases":
      steps.unmapAliases(state);
      return { kind: "done", aliases: aliasReport(state) };
    case "tlb":
      return { kind: "done", aliases: aliasReport(state) };
    case "touch":
      return { kind: "reached", ...touch(state, command.cpu, command.page) };
  }
}

/** alloc_vmap_area: search; if that finds no room, purge once and search again. */
function alloc(state: State, request: Alloc, steps: Steps): Result {
  const { areas } = state;
  const slot = takeDescriptor(areas);
  let start = steps.search(state, request);
  if (start === NO_ROOM) {
    steps.purge(state);
    start = steps.searchAgain(state, request);
    if (start !== NO_ROOM) state.marks |= MARKS.placedAfterPurge;
  }
  if (start === NO_ROOM) {
    steps.dropUnused(state, slot);
    return { kind: "refused" };
  }
  const end = add(state.word, start, request.size);
  areas.start[slot] = start;
  areas.end[slot] = end;
  insertArea(state, slot);
  steps.placed(state, slot, request);
  if (!request.map) return { kind: "placed", start, mapStopped: false };
  grant(state, start, request.size);
  const mapped = mapRange(state, start, end, request.size);
  return { kind: "placed", start, mapStopped: mapped === "stopped" };
}

/** __insert_vmap_area: by address into tree and list. Two areas that overlap stop the kernel. */
export function insertArea(state: State, slot: number): void {
  const { areas } = state;
  const start = areas.start[slot] as number;
  const end = areas.end[slot] as number;
  let above = NONE;
  let here = areas.root;
  let asLeft = false;
  while (here !== NONE) {
    above = here;
    asLeft = start < (areas.end[here] as number);
    if (asLeft) {
      here = areas.left[here] as number;
    } else {
      bugOn(end <= (areas.start[here] as number), "__insert_vmap_area: BUG()");
      here = areas.right[here] as number;
    }
  }
  linkAndColour(areas, slot, above, asLeft);
  listInsertAfter(areas, slot, prev(areas, slot));
}

/** remove_vm_area: an address that starts no area is ignored. */
function free(state: State, start: Vpn, steps: Steps): void {
  const slot = findArea(state.areas, start);
  if (slot === NONE) return;
  letGo(state, start);
  steps.letGo(state, slot);
  if (state.lazyPages > state.lazyMaxPages) steps.purge(state);
}

/** The end of __free_vmap_area: out of tree and list; RCU frees the descriptor. */
export function eraseArea(state: State, slot: number): void {
  erase(state.areas, slot);
  listRemove(state.areas, slot);
  // The harshest legal RCU: the grace period is over at once. No reply but `usedAfterFree` can show it.
  state.rcuCallbacks += 1;
  giveBackDescriptor(state.areas, slot);
}

function dump(state: State, steps: Steps): Dump {
  const { areas } = state;
  const cached = state.freeVmapCache;
  return {
    areas: Array.from(listed(areas), (slot) => ({
      start: areas.start[slot] as number,
      end: areas.end[slot] as number,
      flags: areas.flags[slot] as number,
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
  };
}
