/** Bugs of the free-area cache (2.6.39 to 5.1): its drafts of 2010, its release, and mutants of its rules. */
import { next } from "../../kernels/structures/rbtree.ts";
import { NONE } from "../../kernels/vmap/areas.ts";
import { MARKS } from "../../kernels/vmap/coverage-marks.ts";
import { linux } from "../../kernels/vmap/index.ts";
import { rulesDraft1, rulesDraft3 } from "../../kernels/vmap/piggin-drafts.ts";
import { rulesOf } from "../../kernels/vmap/releases.ts";
import { kernelWith } from "../../kernels/vmap/rules.ts";
import { cacheBeforeErase, reasonsToReset, startAtWindow } from "../../kernels/vmap/search-cached.ts";
import type { State } from "../../kernels/vmap/state.ts";
import { requestOf } from "../../spec/vmap/laws/law.ts";
import { releaseOf } from "../../spec/vmap/releases.ts";
import type { Bug, Evidence } from "./bug.ts";
import { repaired3_1 } from "./controls/repaired-kernels.ts";
import { kernelsWith } from "./evidence.ts";

const withoutCacheDraftRangeBugon = kernelWith(
  releaseOf("piggin-draft-1"),
  { ...rulesDraft1, startUncached: startAtWindow },
  "piggin-draft-1 with find_vma's descent",
);

export const cacheDraftRangeBugon: Bug = {
  id: "cache-draft-range-bugon",
  number: "A6",
  says: "The draft asserts that an area which begins below the address reaches up to it; the descent also ends on areas that lie completely below.",
  source: "Steven Whitehouse, linux-mm, 2010-05-19: BUG_ON(first->va_end < addr); 89699605",
  fixed: "in the draft of 25 May 2010; never released",
  changed: undefined,
  violations: [
    { law: "no-bug", on: ["piggin-draft-1"], pinned: "no-bug.json", repaired: withoutCacheDraftRangeBugon },
  ],
  explains: ({ response }) => response.kind === "bug" && response.text === "first->va_end < addr",
};

const withoutCacheDraftAlignBugon = kernelWith(
  releaseOf("piggin-draft-3"),
  { ...rulesDraft3, startUncached: startAtWindow },
  "piggin-draft-3 with find_vma's descent",
);

export const cacheDraftAlignBugon: Bug = {
  id: "cache-draft-align-bugon",
  number: "A7",
  says: "The BUG_ON alignment case: past an area the draft aligns the address and asserts that the next area does not begin below it, but aligning by more than a page jumps past that start.",
  source:
    "89699605 (Hugh Dickins, 2011-01-06); Steven Whitehouse, linux-mm, 2010-07-14: BUG_ON(first->va_start < addr)",
  fixed: "89699605 (2.6.39), before its release",
  changed: undefined,
  violations: [
    { law: "no-bug", on: ["piggin-draft-3"], pinned: "no-bug.json", repaired: withoutCacheDraftAlignBugon },
  ],
  explains: ({ response }) => response.kind === "bug" && response.text === "first->va_start < addr",
};

export const cacheDraftGuardForgotten: Bug = {
  id: "cache-draft-guard-forgotten",
  number: "A8",
  says: "The scan tests `>` where a page is wanted before the next area: an area may end exactly where the next begins.",
  source: '89699605: "forgetting the guard page we want before the next area?"',
  fixed: "89699605 (2.6.39), before its release",
  changed: kernelWith(
    releaseOf("2.6.39"),
    { ...rulesOf("2.6.39"), beforeNext: 0 },
    "cache-draft-guard-forgotten",
  ),
  violations: [
    {
      law: "guard-gap",
      on: ["cache-draft-guard-forgotten", "piggin-draft-1", "piggin-draft-3"],
      pinned: "guard-gap.json",
      repaired: linux("2.6.39"),
    },
  ],
  explains: () => true,
};

const WITH_CACHE_EXACT_HOLE_MISSED = kernelsWith("cache-exact-hole-missed", "3.1");

export const cacheExactHoleMissed: Bug = {
  id: "cache-exact-hole-missed",
  number: "A9",
  says: "The guard page between areas was removed, and with it the scan's `>=`, but the cache is still used if size == cached_hole_size: a hole of exactly that size is missed.",
  source:
    "248ac0e1943a (3.0); no report known: found by reading and by random search (catalogue A9, section 11)",
  latent: true,
  fixed: "5.2, where 68ad4a330433 removed the cache",
  changed: undefined,
  violations: [
    { law: "lowest-fit", on: WITH_CACHE_EXACT_HOLE_MISSED, pinned: "lowest-fit.json", repaired: repaired3_1 },
    {
      law: "refused-only-when-full",
      on: WITH_CACHE_EXACT_HOLE_MISSED,
      pinned: "refused-only-when-full.json",
      repaired: repaired3_1,
    },
    {
      law: "purge-only-when-full",
      on: WITH_CACHE_EXACT_HOLE_MISSED,
      pinned: "purge-only-when-full.json",
      repaired: repaired3_1,
    },
    {
      law: "blocks-pack",
      on: WITH_CACHE_EXACT_HOLE_MISSED,
      pinned: "blocks-pack.json",
      repaired: repaired3_1,
    },
    {
      law: "free-space-is-usable",
      on: WITH_CACHE_EXACT_HOLE_MISSED,
      pinned: "free-space-is-usable.json",
      repaired: repaired3_1,
    },
  ],
  explains: missedExactHole,
};

/** The lowest place that fits is a hole of exactly the requested size. */
function missedExactHole({ law, before, command, response }: Evidence): boolean {
  const request = requestOf(before, command);
  if (request === undefined) return false;
  const isOfPurge = law === "purge-only-when-full" || law === "blocks-pack";
  const purgedBefore = response.flushes.length > 0 && !isOfPurge;
  const gone = purgedBefore || response.kind === "refused";
  const missed = before.lowestFit(request, gone ? "gone" : "taken");
  if (missed === undefined) return false;
  const end = missed + request.size;
  return before.areasIn({ start: end, end: end + 1 }).some((area) => area.start === end);
}

const plantedCacheNoVstartTest = kernelWith(
  releaseOf("2.6.39"),
  {
    ...rulesOf("2.6.39"),
    reasonsToReset: (state, request) => reasonsToReset(state, request) & ~MARKS.cacheResetLowerVstart,
  },
  "cache-no-vstart-test",
);

export const cacheNoVstartTest: Bug = {
  id: "cache-no-vstart-test",
  number: undefined,
  says: "The cache is kept although the window begins lower than the one it was found in.",
  source: "a mutant of rule 1 of the cache (catalogue section 2): no `vstart < cached_vstart` test",
  fixed: "never released",
  changed: plantedCacheNoVstartTest,
  violations: [
    { law: "lowest-fit", on: ["cache-no-vstart-test"], pinned: "lowest-fit.json", repaired: linux("2.6.39") },
  ],
  explains: () => true,
};

const plantedCacheNoAlignTest = kernelWith(
  releaseOf("2.6.39"),
  {
    ...rulesOf("2.6.39"),
    reasonsToReset: (state, request) => reasonsToReset(state, request) & ~MARKS.cacheResetSmallerAlign,
  },
  "cache-no-align-test",
);

export const cacheNoAlignTest: Bug = {
  id: "cache-no-align-test",
  number: undefined,
  says: "The cache is kept although a smaller alignment could use holes that a larger one could not.",
  source: "a mutant of rule 1 of the cache (catalogue section 2): no `align < cached_align` test",
  fixed: "never released",
  changed: plantedCacheNoAlignTest,
  violations: [
    { law: "lowest-fit", on: ["cache-no-align-test"], pinned: "lowest-fit.json", repaired: linux("2.6.39") },
  ],
  explains: () => true,
};

const plantedCacheFreeLeavesIt = kernelWith(
  releaseOf("2.6.39"),
  {
    ...rulesOf("2.6.39"),
    // Only a free of the cached area itself resets the cache, so that it never points at a freed area.
    cacheBeforeErase: (state, slot) => {
      if (state.freeVmapCache === slot) state.freeVmapCache = NONE;
    },
  },
  "cache-free-leaves-it",
);

export const cacheFreeLeavesIt: Bug = {
  id: "cache-free-leaves-it",
  number: undefined,
  says: "A free below the cached area leaves the cache where it is, above the hole that opened.",
  source: "a mutant of rule 7 of the cache (catalogue section 2): free leaves cache alone",
  fixed: "never released",
  changed: plantedCacheFreeLeavesIt,
  violations: [
    { law: "lowest-fit", on: ["cache-free-leaves-it"], pinned: "lowest-fit.json", repaired: linux("2.6.39") },
  ],
  explains: () => true,
};

/** Rule 7 with rb_next where the kernel has rb_prev. */
function movesUp(state: State, slot: number): void {
  const cached = state.freeVmapCache;
  cacheBeforeErase(state, slot);
  if (cached !== NONE && state.freeVmapCache !== cached) state.freeVmapCache = next(state.areas, slot);
}

export const cacheFreeMovesItUp: Bug = {
  id: "cache-free-moves-it-up",
  number: undefined,
  says: "A free at or below the cached area moves the cache to the area after it, above the hole that opened.",
  source: "a mutant of rule 7 of the cache (catalogue section 2): free sets cache = rb_next",
  fixed: "never released",
  changed: kernelWith(
    releaseOf("2.6.39"),
    { ...rulesOf("2.6.39"), cacheBeforeErase: movesUp },
    "cache-free-moves-it-up",
  ),
  violations: [
    {
      law: "lowest-fit",
      on: ["cache-free-moves-it-up"],
      pinned: "lowest-fit.json",
      repaired: linux("2.6.39"),
    },
  ],
  explains: () => true,
};
