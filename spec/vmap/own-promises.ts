/**
 * What an allocator that is no release here may promise, in the few words of a recording (docs/recordings.md), and the
 * laws that follow from them. What releases promise stands in releases.ts.
 */

import type { LawId } from "../contract.ts";
import { OUTSIDE_2_6_27 } from "./outside.ts";
import type { Fragments, GuardRule, Promises } from "./promises.ts";

/** Where an area is placed: anywhere, or as a law says. */
export const PLACEMENTS = ["none", "lowest-fit", "lowest-fit-at-a-page", "lowest-roomy-hole"] as const;

/** What becomes of a fragmented block. */
export const KEPT_BLOCKS: readonly Exclude<Fragments, "no blocks">[] = ["kept", "purged", "usable kept"];

export interface OwnPromises {
  readonly guard: GuardRule;
  /**
   * A free flushes and releases the area in the same reply, or leaves it to a purge that takes all that is lazy; if
   * neither is said, an area stands until a flush covers it.
   */
  readonly frees?: "eager" | "lazy" | undefined;
  readonly placement: (typeof PLACEMENTS)[number];
  readonly blocks: Fragments;
  /** The laws that are asked, in place of those that follow from the rest. */
  readonly laws?: readonly LawId[] | undefined;
  /** Laws that are asked beside those. */
  readonly also?: readonly LawId[] | undefined;
}

/** What any allocator of addresses promises. */
const OF_EVERY_ALLOCATOR: readonly LawId[] = [
  "in-window",
  "aligned",
  "no-overlap",
  "guard-gap",
  "refused-only-when-full",
  "no-bug",
  "flush-before-reuse",
  "no-stale-translation",
  "no-alias-after-unmap-aliases",
  "flush-well-formed",
  "nothing-leaks",
  "argument-domain",
];

/** What follows from how it frees. */
const OF_FREEING: Readonly<Record<"eager" | "lazy", readonly LawId[]>> = {
  eager: ["unmapped-means-no-pte"],
  lazy: ["purge-only-when-full", "one-flush-per-purge", "lazy-count", "lazy-bounded"],
};

/** As a judge takes them. */
export function promisesOfOwn(
  name: string,
  { guard, frees, placement, blocks, laws, also = [] }: OwnPromises,
): Promises {
  const placing = placement === "none" ? [] : [placement];
  const freeing = frees === undefined ? [] : OF_FREEING[frees];
  return {
    labels: [name],
    own: true,
    laws: [...new Set([...(laws ?? [...OF_EVERY_ALLOCATOR, ...placing, ...freeing]), ...also])],
    guard,
    freesLazily: frees !== "eager",
    ...(frees === undefined ? { releasesWhatItFlushes: true } : {}),
    fragments: blocks,
    lowestPage: 0,
    percpu: false,
    purgesLater: false,
    obeysNoGuard: false,
    pools: "none",
    noblock: true,
    outside: OUTSIDE_2_6_27,
  };
}
