/** The terms in which an allocator promises something; what each release promises stands in releases.ts. */
import type { LawId } from "../contract.ts";
import type { OutsideAnswers } from "./outside.ts";
import type { Pages, Vpn } from "./vocabulary.ts";

/** The distance kept around an area, in pages. */
export interface GuardRule {
  /** Unused pages at the end of the area itself, part of its extent (2.6.27). */
  readonly inside: Pages;
  /** Free pages required after an existing area's end before the next may start. */
  readonly afterArea: Pages;
  /** Free pages required between a new area's end and the next area's start. */
  readonly beforeNext: Pages;
}

/** What an allocator promises: all that a judge knows of it. */
export interface Promises {
  /** The labels recorded with this behaviour, the first one naming it. */
  readonly labels: readonly string[];
  /** The release that it was derived from, if it is one of our own: bugs of that one are looked for in it. */
  readonly like?: string;
  /** An allocator of one's own, which is no Linux: no bug of the catalogue is looked for in it. */
  readonly own?: true;
  /** It was compiled from a user's tree: any bug of the catalogue may be in it. */
  readonly compiled?: true;
  readonly laws: readonly LawId[];
  readonly guard: GuardRule;
  /** Whether a free leaves the area to a later purge, or flushes and releases it at once. */
  readonly freesLazily: boolean;
  /** A flush releases the lazy areas that it covers, and no others; if absent, all of them (spec/vmap/own-promises.ts). */
  readonly releasesWhatItFlushes?: boolean;
  readonly fragments: Fragments;
  /**
   * The lowest page that may be given out: from 5.2 on page 0 is not, for the free space begins at its second byte.
   */
  readonly lowestPage: Vpn;
  /**
   * Whether too much that is lazy is purged by a worker when the call is over (690467c81b1a, 5.18), and not inside it.
   */
  readonly purgesLater: boolean;
  /** Whether pcpu_get_vm_areas is modelled: from 5.2 on. Kernels have it since 2.6.32 (ca23e405e06d). */
  readonly percpu: boolean;
  /** Whether vmap leaves the guard page out for a caller who passes VM_NO_GUARD. */
  readonly obeysNoGuard: boolean;
  /** Whether find_vmap_area finds an area by any of its pages (cef2ac3f6c8a, 3.11), and not by the first alone. */
  readonly findsByAnyPage?: boolean;
  readonly pools: Pools;
  /** Whether an allocation may say that it cannot wait for a purge (6.19). Before, it purges all the same. */
  readonly noblock: boolean;
  /** What it has for calls outside their domain (outside.ts). */
  readonly outside: OutsideAnswers;
}

/**
 * Whether a node keeps what was released, for requests of just that size by its CPU (from 6.9 on, where there are
 * several CPUs), and what leaves the pools, size by size, with each purge that does not empty them: a quarter, but all
 * of up to three; or a quarter rounded down (6.19).
 */
export type Pools = "none" | "a quarter goes, or all of a few" | "a quarter goes";

/**
 * What becomes of a fragmented block, in which nothing is mapped though it was not used up: it is kept, or a
 * synchronous purge takes it (02b709df817c, 2.6.33). From 6.5 on vm_unmap_aliases leaves it where at least a quarter
 * was never given out.
 */
export type Fragments = "no blocks" | "kept" | "purged" | "usable kept";
