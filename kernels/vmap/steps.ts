/** The steps of which a kernel is made. */
import type { Alloc, PercpuLayout } from "../../spec/vmap/commands.ts";
import type { Dump } from "../../spec/vmap/kernel.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import type { Extent, Pages, Vpn } from "../../spec/vmap/vocabulary.ts";
import type { Facts } from "../changes.ts";
import type { AreaIndex } from "./area-index.ts";
import type { BlockRules } from "./block-rules.ts";
import type { Mark } from "./coverage-marks.ts";
import type { AreaSteps } from "./fingerprint.ts";
import type { State } from "./state.ts";

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

/** How a purge differs between releases. */
export interface PurgeSteps {
  /** Chains the lazy areas by `purgeNext` and returns the first, or NONE. */
  gather(state: State): number;
  /** 2.6.28 to 2.6.36: the PTEs of lazy areas are still there and are cleared now. */
  unmapGathered(state: State, first: number): void;
  /** Releases the chain, one __free_vmap_area after another. */
  release(state: State, first: number): void;
}

/** How a release keeps its lazy areas, to 5.1: by a flag found in the list of all areas, or on a list of their own. */
export interface LazyKeeping
  extends Pick<PurgeSteps, "gather">,
    Pick<Steps, "removed" | "keepLazy" | "isLazy"> {}

/** The same from 5.2 on, and in which order a purge gives them back to the free space. */
export interface LazyExtents extends Pick<Steps, "removed" | "keepLazy" | "isLazy" | "purge"> {
  readonly order: NonNullable<Steps["freeTree"]>;
  /** What a dump shows of it; undefined where lazy areas stand among the others. */
  shown(state: State): ReturnType<NonNullable<Steps["dumpMore"]>>["purge"];
}
