/** The state of a vmap kernel at the call grain, and what the running call has done so far. */
import type { Response } from "../../spec/vmap/commands.ts";
import { lazyMaxPages, type Scope, vmapNodes } from "../../spec/vmap/scope.ts";
import type { Bytes, Extent, Pages, Vpn } from "../../spec/vmap/vocabulary.ts";
import { assignMemory, copyMemory, emptyMemory, type Memory } from "../hardware/memory.ts";
import { type Areas, assignAreas, copyAreas, emptyAreas, NONE } from "./areas.ts";
import { assignBlocks, type Blocks, copyBlocks, emptyBlocks } from "./blocks.ts";
import { LEAST_TURNS, NeverReturns } from "./bug.ts";
import { assignFreeSpace, copyFreeSpace, type FreeSpace, noFreeSpace } from "./free-space.ts";
import { assignPools, copyPools, emptyPools, type Pools } from "./pools.ts";

export interface State {
  readonly scope: Scope;
  /** Pages in the address space; arithmetic is modulo this. */
  readonly word: Pages;
  readonly lazyMaxPages: Pages;
  readonly areas: Areas;
  readonly memory: Memory;
  readonly blocks: Blocks;
  /** Free space as a tree, from 5.2 on. */
  readonly free: FreeSpace;
  /** The size pools of the vmap nodes, from 6.9 on. */
  readonly pools: Pools;
  /** The policy that pins frames, by its id (pinning.ts), and whether freed frames are recorded for it. */
  readonly pinning: string;
  readonly notesFrames: boolean;
  /** vmap_lazy_nr. */
  lazyPages: Pages;
  /** Newest of the areas waiting on a purge list (4.7 on), or NONE. */
  purgeHead: number;
  /** vmalloc_init was called. */
  initialised: boolean;
  /** The free-area cache of 89699605: the slot it points at, or NONE. */
  freeVmapCache: number;
  cachedHoleSize: Pages;
  cachedVstart: Vpn;
  cachedAlign: Bytes;
  /** Where the last search that found no room gave up; meaningless after one that found some. */
  gaveUpAt: Vpn;
  /** The drain work waits for the end of the call (from 5.18 on). */
  drainWaits: boolean;
  /** What the running call did. */
  flushes: readonly Extent[];
  pteSet: number;
  pteCleared: number;
  rcuCallbacks: number;
  workItems: number;
  usedAfterFree: boolean;
  usedAbsentCpu: boolean;
  warning: string | undefined;
  /** Of a purge: whether the whole word could be given out after it. */
  wholeFree: boolean | undefined;
  marks: number;
  /** Turns that the loops of the running call have taken, and how many it may (`takeTurn`). */
  turns: number;
  mostTurns: number;
}

/** Shared by all calls that flush nothing, which is nearly all. */
const NO_FLUSHES: readonly Extent[] = [];

export function initialState(scope: Scope): State {
  return {
    scope,
    word: scope.wordPages,
    lazyMaxPages: lazyMaxPages(scope),
    areas: emptyAreas(),
    memory: emptyMemory(scope.cpus),
    blocks: emptyBlocks(scope),
    free: noFreeSpace(scope.wordPages),
    pools: emptyPools(vmapNodes(scope)),
    pinning: "always",
    notesFrames: false,
    lazyPages: 0,
    purgeHead: NONE,
    initialised: !scope.beforeInit,
    freeVmapCache: NONE,
    cachedHoleSize: 0,
    cachedVstart: 0,
    cachedAlign: 0,
    gaveUpAt: 0,
    drainWaits: false,
    flushes: NO_FLUSHES,
    pteSet: 0,
    pteCleared: 0,
    rcuCallbacks: 0,
    workItems: 0,
    usedAfterFree: false,
    usedAbsentCpu: false,
    warning: undefined,
    wholeFree: undefined,
    marks: 0,
    turns: 0,
    mostTurns: LEAST_TURNS,
  };
}

export function copyState(state: State): State {
  return {
    ...state,
    areas: copyAreas(state.areas),
    memory: copyMemory(state.memory),
    blocks: copyBlocks(state.blocks),
    free: copyFreeSpace(state.free),
    pools: copyPools(state.pools),
  };
}

/**
 * Makes `to` equal to `from`, a state of the same scope. What the last call did is not copied: every call begins
 * by forgetting it.
 */
export function assignState(to: State, from: State): void {
  assignAreas(to.areas, from.areas);
  assignMemory(to.memory, from.memory);
  assignBlocks(to.blocks, from.blocks);
  assignFreeSpace(to.free, from.free);
  assignPools(to.pools, from.pools);
  to.lazyPages = from.lazyPages;
  to.purgeHead = from.purgeHead;
  to.initialised = from.initialised;
  to.freeVmapCache = from.freeVmapCache;
  to.cachedHoleSize = from.cachedHoleSize;
  to.cachedVstart = from.cachedVstart;
  to.cachedAlign = from.cachedAlign;
  to.gaveUpAt = from.gaveUpAt;
}

/** Forgets what the last call did. */
export function beginCall(state: State): void {
  state.flushes = NO_FLUSHES;
  state.pteSet = 0;
  state.pteCleared = 0;
  state.rcuCallbacks = 0;
  state.workItems = 0;
  state.drainWaits = false;
  state.usedAfterFree = false;
  state.usedAbsentCpu = false;
  state.warning = undefined;
  state.wholeFree = undefined;
  state.marks = 0;
  state.turns = 0;
  state.mostTurns = LEAST_TURNS;
}

/** What every reply says in addition to its result, in full: a kernel modelled here can always tell. */
export type Effects = Required<
  Pick<
    Response,
    | "flushes"
    | "pteSet"
    | "pteCleared"
    | "rcuCallbacks"
    | "workItems"
    | "lazyPages"
    | "descriptors"
    | "usedAfterFree"
    | "usedAbsentCpu"
    | "dirtyLines"
  >
> &
  Pick<Response, "warning">;

// How a call that loops for ever is distinguished from a long one: by the number of turns of its loops. Every loop of a
// kernel that might not end takes a turn each time round.

const TURNS_FOR_EACH = 64;

/** Once round a loop. `where` says which: the kernel's function. An outer loop may be the one that never ends. */
export function takeTurn(state: State, where: string): void {
  state.turns += 1;
  if (state.turns > state.mostTurns) allowMore(state, where);
}

/** A call that makes things may also look at them: they are counted when the turns run out. */
function allowMore(state: State, where: string): void {
  const { areas, blocks, free } = state;
  state.mostTurns = LEAST_TURNS + TURNS_FOR_EACH * (areas.used + blocks.used + free.used);
  if (state.turns > state.mostTurns) throw new NeverReturns(`last seen in ${where}`);
}
