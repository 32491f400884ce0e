/**
 * What each release promises: the laws, the distance it keeps between areas, and whether it frees lazily.
 * This is all a judge knows of a kernel; what the kernel does stands in kernels/. Both are dated by the bibliography: what
 * is promised since a commit, and what a kernel does since then, are said apart, for the judge may not trust the kernel.
 * The labels are those of the recordings (adapters/vmap/recordings/FORMAT.md says which tree each is).
 */
import type { LawId } from "../contract.ts";
import { type Since, whatCommitsMade } from "./bibliography.ts";
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
import type { GuardRule, Promises } from "./promises.ts";

const GUARD_INSIDE: GuardRule = { inside: 1, afterArea: 0, beforeNext: 0 };
const GUARD_AFTER: GuardRule = { inside: 0, afterArea: 1, beforeNext: 0 };
const GUARD_BOTH_SIDES: GuardRule = { inside: 0, afterArea: 1, beforeNext: 1 };
const NO_GUARD: GuardRule = { inside: 0, afterArea: 0, beforeNext: 0 };

const BY_ALL: readonly LawId[] = LAWS.filter((law) => law.isPromisedByAll === true).map(({ id }) => id);

const LIST_ALLOCATOR: Omit<Promises, "labels"> = {
  guard: GUARD_INSIDE,
  laws: [...BY_ALL, "lowest-fit"],
  freesLazily: false,
  fragments: "no blocks",
  lowestPage: 0,
  purgesLater: false,
  percpu: false,
  obeysNoGuard: false,
  pools: "none",
  noblock: false,
  outside: OUTSIDE_2_6_27,
};

/** With these laws as well, and without those. */
const laws =
  (more: readonly LawId[], fewer: readonly LawId[] = []) =>
  ({ laws }: Pick<Promises, "laws">) => ({ laws: [...laws.filter((law) => !fewer.includes(law)), ...more] });
/** Of calls outside their domain, other answers. */
const outside = (answers: OutsideAnswers) => ({ outside: answers });

/** What the commits changed in what is promised, in the order of the bibliography. */
const PROMISED_SINCE: readonly Since<Omit<Promises, "labels">>[] = [
  ["db64fe02", { guard: GUARD_AFTER, freesLazily: true, fragments: "kept", outside: OUTSIDE_2_6_28 }],
  ["db64fe02", laws(["no-alias-after-unmap-aliases", "cache-flushed-before-unmap"])],
  ["db64fe02", laws(["init-order", "pinned-is-unaliased"])],
  ["7766970c", outside(OUTSIDE_2_6_28_10)],
  ["02b709df", { fragments: "purged" }],
  ["64141da5", laws(["unmapped-means-no-pte"])],
  ["89699605", { guard: GUARD_BOTH_SIDES }],
  ["248ac0e1", { guard: NO_GUARD }],
  ["4341fa4", outside(OUTSIDE_3_10)],
  ["cef2ac3f", { findsByAnyPage: true, ...outside(OUTSIDE_3_11) }],
  ["71394fe5", { obeysNoGuard: true }],
  ["68ad4a33", { lowestPage: 1, percpu: true }],
  ["68ad4a33", laws(["lowest-roomy-hole", "highest-congruent-fit"], ["lowest-fit"])],
  ["dd3b8353", outside(OUTSIDE_5_4)],
  ["9f531973", laws(["lowest-fit-at-a-page", "lowest-fit"])],
  ["bd1a8fb2", { obeysNoGuard: false }],
  ["9333fe98", laws([], ["lowest-fit"])],
  ["690467c8", { purgesLater: true }],
  ["2022-12-22", outside(OUTSIDE_6_3)],
  ["a09fad96", laws(["flush-only-once"])],
  [
    "ca5e46c3",
    ({ laws: before }) => ({ fragments: "usable kept", ...laws(["usable-blocks-stay"])({ laws: before }) }),
  ],
  ["7679ba6b", { pools: "a quarter goes, or all of a few" }],
  ["2025-04-19", { pools: "a quarter goes" }],
  ["2025-10-01", { noblock: true }],
];

/**
 * What a version promises; of several, the first: the others answer alike, but perhaps outside their domain.
 * Throws a RangeError for what is no version.
 */
export function promisesOf(...labels: readonly [string, ...string[]]): Promises {
  return { labels, ...whatCommitsMade(labels[0], LIST_ALLOCATOR, PROMISED_SINCE) };
}

/** What the unmerged drafts of 2010 are based on. */
export const BASE_OF_DRAFTS = "2.6.34";

function draft(label: string): Promises {
  return { ...promisesOf(BASE_OF_DRAFTS), labels: [label], guard: GUARD_BOTH_SIDES };
}

/** A release of our own, derived from another. */
export function derivedFrom(label: string, promises: Promises): Promises {
  return { ...promises, like: label };
}

/** Oldest first, the two drafts of 2010 where they would have been merged. */
export const RELEASES: readonly Promises[] = [
  promisesOf("2.6.27"),
  promisesOf("2.6.28"),
  promisesOf("2.6.28.10", "2.6.30.4"),
  draft("piggin-draft-1"),
  draft("piggin-draft-3"),
  promisesOf("2.6.37"),
  promisesOf("2.6.39"),
  promisesOf("3.1", "3.9", "3.10.4"),
  promisesOf("3.10.65"),
  promisesOf("3.16"),
  promisesOf("4.4"),
  promisesOf("4.15.0", "4.19", "5.0.1"),
  promisesOf("4.15.18-ubuntu"),
  promisesOf("5.2"),
  promisesOf("5.10", "5.4"),
  promisesOf("5.11"),
  promisesOf("5.17"),
  promisesOf("6.1"),
  promisesOf("6.4"),
  promisesOf("6.5", "6.8"),
  promisesOf("6.12"),
  promisesOf("6.19", "7.2", "7.3"),
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
