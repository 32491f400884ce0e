/** What a kernel model has beyond a machine: what a harness could read from a kernel. */

import type { ActingMachine } from "../contract.ts";
import type { Fingerprint } from "../fingerprint.ts";
import type { Command, Response } from "./commands.ts";
import type { Promises } from "./promises.ts";
import type { Scope } from "./scope.ts";
import type { Bytes, Cpu, Extent, Offsets, Pages, Vpn } from "./vocabulary.ts";

/** One area as a dump shows it. Its end is the kernel's: it wraps to 0 at the top of the word. */
export interface DumpedArea {
  readonly start: Vpn;
  readonly end: Vpn;
  readonly flags: number;
  readonly lazy: boolean;
}

/** The free-area cache of 89699605 (2.6.39 to 5.0.1); docs/catalogue.md, section 2. */
export interface DumpedCache {
  /** Start of the cached area, or null. */
  readonly freeVmapCache: Vpn | null;
  readonly cachedHoleSize: Pages;
  readonly cachedVstart: Vpn;
  readonly cachedAlign: Bytes;
}

/** One per-CPU block (vmap_block) as a dump shows it. */
export interface DumpedBlock {
  readonly start: Vpn;
  /** Pages never given out since the block was made. */
  readonly free: Pages;
  /** Pages given back. */
  readonly dirty: Pages;
  /** The CPU whose free list holds it, or null. */
  readonly onFreeList: Cpu | null;
  /** The CPU it was made for, where the release records that. */
  readonly cpu: Cpu | undefined;
  /** What a release notes as dirty: runs of pages to 4.0, from 4.1 on one range (empty: end before start). */
  readonly dirtyRuns: readonly Offsets[] | undefined;
  readonly dirtyRange: Offsets | undefined;
}

/** An extent kept in a node's pool for a request of exactly its size (from 6.9 on). */
export interface DumpedPooled extends Extent {
  readonly node: number;
}

export interface Dump {
  /** In the order of the kernel's own list. */
  readonly areas: readonly DumpedArea[];
  /** vmap_lazy_nr; undefined before there was one. */
  readonly lazyPages: Pages | undefined;
  readonly cache: DumpedCache | undefined;
  /** Of a kernel with a tree of free space (5.2 on): its extents, by address. */
  readonly free?: readonly Extent[] | undefined;
  /** Of a kernel that keeps lazy extents apart from areas (5.4 on): those, in its own order. */
  readonly purge?: readonly Extent[] | undefined;
  /** Of a kernel with pools (from 6.9 on): by node, then by size, in the order of each pool. */
  readonly pool?: readonly DumpedPooled[] | undefined;
  /** By address. */
  readonly blocks: readonly DumpedBlock[];
  /** By CPU: where its blocks with pages left start, in the order of the list. */
  readonly freeLists: readonly (readonly Vpn[])[];
}

/** What callers do on a machine, as far as its states can be merged for it. */
export interface Callers {
  /** They pin frames. */
  readonly pin: boolean;
  /** They only allocate, free and purge. */
  readonly areasAlone: boolean;
}

/** How an explorer distinguishes the states of a kernel. */
export interface StateIdentity<S> {
  /** Differences between states that are merged: a sentence each. */
  readonly reductions: readonly string[];
  /** Adds all that a later reply to such callers may depend on. */
  add(state: S, to: Fingerprint): void;
}

/** Allocations of memory, of a kernel that is compiled code. */
export interface KernelMemory<S> {
  /** `act`, while the allocation of this number in the call fails, counted from 1. */
  actFailing(state: S, command: Command, allocation: number): Response;
  /** As many as the last command asked for. */
  allocations(state: S): number;
  /** Those alive after the last command. */
  live(state: S): number;
  /** What the state was made for. */
  scope(state: S): Scope;
}

export { isPromised, judgedAlsoBy } from "../wing.ts";

export interface Kernel<S = unknown> extends ActingMachine<Scope, S, Command, Response> {
  readonly release: Promises;
  /** Of compiled code between two releases: the model of its version, where that of its release differs. */
  readonly model?: Kernel<S>;
  copy(state: S): S;
  /** Makes `to` equal to `from`, a state of the same scope. */
  assign(to: S, from: S): void;
  dump(state: S): Dump;
  readonly memory?: KernelMemory<S>;
  /** How its states are distinguished on machines of this scope, for callers who do this. */
  identity(scope: Scope, callers: Callers): StateIdentity<S>;
  /** The marks this kernel can set. A run that never saw one of them proves nothing about that path. */
  readonly paths: readonly string[];
  /** What happened inside the last `act`, for witnesses: see kernels/vmap/coverage-marks.ts. */
  marks(state: S): readonly string[];
}

/** Areas busy and lazy, by address, whether or not a kernel keeps the lazy ones apart. */
export function areasAndLazy({ areas, purge = [] }: Dump): readonly DumpedArea[] {
  const apart = purge.map(({ start, end }) => ({ start, end, flags: 0, lazy: true }));
  return [...areas, ...apart].sort((a, b) => a.start - b.start);
}
