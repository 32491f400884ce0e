/**
 * What each release promises: the laws, the distance it keeps between areas, and whether it frees lazily.
 * This is all a judge knows of a kernel; what the kernel does stands in kernels/.
 * The labels are those of the recordings (adapters/vmap/recordings/FORMAT.md says which tree each is).
 */
import type { LawId } from "../contract.ts";
import { LAWS } from "./laws/index.ts";
import {
  OUTSIDE_2_6_27,
  OUTSIDE_2_6_28,
  OUTSIDE_2_6_28_10,
  OUTSIDE_3_10,
  OUTSIDE_3_11,
  OUTSIDE_5_4,
  OUTSIDE_6_3,
  type OutsideAnswers,
} from "./outside.ts";
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

export interface Promises {
  /** The labels recorded with this behaviour, the first one naming it. */
  readonly labels: readonly string[];
  /** The release that it was derived from, if it is one of our own: bugs of that one are looked for in it. */
  readonly like?: string;
  /** An allocator of one's own, which is no Linux: no bug of the catalogue is looked for in it. */
  readonly own?: true;
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

const GUARD_INSIDE: GuardRule = { inside: 1, afterArea: 0, beforeNext: 0 };
const GUARD_AFTER: GuardRule = { inside: 0, afterArea: 1, beforeNext: 0 };
const GUARD_BOTH_SIDES: GuardRule = { inside: 0, afterArea: 1, beforeNext: 1 };
const NO_GUARD: GuardRule = { inside: 0, afterArea: 0, beforeNext: 0 };

const BY_ALL: readonly LawId[] = LAWS.filter((law) => law.isPromisedByAll === true).map(({ id }) => id);

function release(
  labels: readonly string[],
  guard: GuardRule,
  laws: readonly LawId[],
  fragments: Fragments,
): Promises {
  const freesLazily = fragments !== "no blocks";
  const promised = [...BY_ALL, ...laws];
  return {
    labels,
    guard,
    laws: promised,
    freesLazily,
    fragments,
    lowestPage: 0,
    purgesLater: false,
    percpu: false,
    obeysNoGuard: false,
    pools: "none",
    noblock: false,
    outside: OUTSIDE_2_6_28_10,
  };
}

/** From 4.0, which brought VM_NO_GUARD (71394fe50146), to 5.15. */
function obeying(promises: Promises): Promises {
  return { ...promises, obeysNoGuard: true };
}

/** With this for calls outside their domain. */
function answering(outside: OutsideAnswers, promises: Promises): Promises {
  return { ...promises, outside };
}

/** From 5.18 on. */
function purgingLater(promises: Promises): Promises {
  return { ...promises, purgesLater: true };
}

/** From 5.2 on. */
function treeRelease(
  labels: readonly string[],
  laws: readonly LawId[],
  fragments: Fragments,
  more: Partial<Pick<Promises, "pools" | "noblock" | "outside">> = {},
): Promises {
  const outside = OUTSIDE_5_4;
  return { ...release(labels, NO_GUARD, laws, fragments), lowestPage: 1, percpu: true, outside, ...more };
}

/** A release of our own, derived from another. */
export function derivedFrom(label: string, promises: Promises): Promises {
  return { ...promises, like: label };
}

const FROM_2_6_28: readonly LawId[] = [
  "lowest-fit",
  "no-alias-after-unmap-aliases",
  "cache-flushed-before-unmap",
  "init-order",
  "pinned-is-unaliased",
];
/** PTEs are cleared at the unmap (64141da58724, 2.6.37-rc5). */
const FROM_2_6_37: readonly LawId[] = [...FROM_2_6_28, "unmapped-means-no-pte"];

/** A tree of free space, searched for the size and what an alignment may cost (68ad4a330433). */
const FROM_5_2: readonly LawId[] = [
  ...FROM_2_6_37.filter((law) => law !== "lowest-fit"),
  "lowest-roomy-hole",
  "highest-congruent-fit",
];
/** Searched for the plain size (9f531973dff3). */
const FROM_5_16: readonly LawId[] = [...FROM_5_2, "lowest-fit-at-a-page", "lowest-fit"];
/** With room for the alignment again, but for that of a page (9333fe98d0a6). */
const FROM_5_18: readonly LawId[] = [...FROM_5_2, "lowest-fit-at-a-page"];
/** Dirty ranges of blocks begin anew once they are flushed (a09fad96ffb1), and usable blocks stay (ca5e46c3400b). */
const FROM_6_5: readonly LawId[] = [...FROM_5_18, "flush-only-once", "usable-blocks-stay"];

/** Oldest first, the two drafts of 2010 where they would have been merged. */
export const RELEASES: readonly Promises[] = [
  answering(OUTSIDE_2_6_27, release(["2.6.27"], GUARD_INSIDE, ["lowest-fit"], "no blocks")),
  answering(OUTSIDE_2_6_28, release(["2.6.28"], GUARD_AFTER, FROM_2_6_28, "kept")),
  release(["2.6.28.10", "2.6.30.4"], GUARD_AFTER, FROM_2_6_28, "kept"),
  release(["piggin-draft-1"], GUARD_BOTH_SIDES, FROM_2_6_28, "purged"),
  release(["piggin-draft-3"], GUARD_BOTH_SIDES, FROM_2_6_28, "purged"),
  release(["2.6.37"], GUARD_AFTER, FROM_2_6_37, "purged"),
  release(["2.6.39"], GUARD_BOTH_SIDES, FROM_2_6_37, "purged"),
  release(["3.1", "3.9", "3.10.4"], NO_GUARD, FROM_2_6_37, "purged"),
  answering(OUTSIDE_3_10, release(["3.10.65"], NO_GUARD, FROM_2_6_37, "purged")),
  answering(OUTSIDE_3_11, release(["3.16"], NO_GUARD, FROM_2_6_37, "purged")),
  obeying(answering(OUTSIDE_3_11, release(["4.4"], NO_GUARD, FROM_2_6_37, "purged"))),
  obeying(answering(OUTSIDE_3_11, release(["4.15.0", "4.19", "5.0.1"], NO_GUARD, FROM_2_6_37, "purged"))),
  obeying(answering(OUTSIDE_3_11, release(["4.15.18-ubuntu"], NO_GUARD, FROM_2_6_37, "purged"))),
  obeying(treeRelease(["5.2"], FROM_5_2, "purged", { outside: OUTSIDE_3_11 })),
  obeying(treeRelease(["5.10", "5.4"], FROM_5_2, "purged")),
  obeying(treeRelease(["5.11"], FROM_5_2, "purged")),
  treeRelease(["5.17"], FROM_5_16, "purged"),
  purgingLater(treeRelease(["6.1"], FROM_5_18, "purged")),
  purgingLater(treeRelease(["6.4"], FROM_5_18, "purged", { outside: OUTSIDE_6_3 })),
  purgingLater(treeRelease(["6.5", "6.8"], FROM_6_5, "usable kept", { outside: OUTSIDE_6_3 })),
  purgingLater(
    treeRelease(["6.12"], FROM_6_5, "usable kept", {
      pools: "a quarter goes, or all of a few",
      outside: OUTSIDE_6_3,
    }),
  ),
  purgingLater(
    treeRelease(["6.19", "7.2"], FROM_6_5, "usable kept", {
      pools: "a quarter goes",
      noblock: true,
      outside: OUTSIDE_6_3,
    }),
  ),
];

/** The release that has this label among its names, or undefined. */
export function findRelease(label: string): Promises | undefined {
  return RELEASES.find((each) => each.labels.includes(label));
}

/** The release with this label. Throws a RangeError if there is none. */
export function releaseOf(label: string): Promises {
  const found = findRelease(label);
  if (found === undefined) throw new RangeError(`no release is called ${label}`);
  return found;
}

/** The names that a release goes by, its own first, then those of what it was derived from. */
export function lineageOf({ labels, like }: Promises): readonly string[] {
  return [labels[0] as string, ...(like === undefined ? [] : lineageOf(releaseOf(like)))];
}
