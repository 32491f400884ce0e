/**
 * The six mutants of the free-area cache's rules (catalogue section 2) in the guarded form of 2.6.39, and the claim
 * about each: four place something higher than necessary; two only search again more often.
 */

import { MARKS } from "../../../kernels/vmap/coverage-marks.ts";
import { rulesOf } from "../../../kernels/vmap/releases.ts";
import { kernelWith, stepsFrom } from "../../../kernels/vmap/rules.ts";
import { reasonsToReset, searchCached } from "../../../kernels/vmap/search-cached.ts";
import type { State } from "../../../kernels/vmap/state.ts";
import { vmapKernel } from "../../../kernels/vmap/vmap-kernel.ts";
import type { Alloc } from "../../../spec/vmap/commands.ts";
import type { Kernel } from "../../../spec/vmap/kernel.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import type { Vpn } from "../../../spec/vmap/vocabulary.ts";
import type { Bug } from "../bug.ts";
import {
  cacheFreeLeavesIt,
  cacheFreeMovesItUp,
  cacheNoAlignTest,
  cacheNoVstartTest,
} from "../cached-search.ts";

export interface CacheMutant {
  readonly kernel: Kernel<State>;
  /** The step that is replaced, and by what. */
  readonly replaces: string;
  /** Whether some law distinguishes it from 2.6.39, or nothing does. */
  readonly expected: "killed" | "equivalent";
}

const GOOD = releaseOf("2.6.39");

/** The test of the 2010 drafts: a hole of exactly the size does not fit where a page is kept on both sides. */
const resetsAtEqualSize = kernelWith(
  GOOD,
  {
    ...rulesOf("2.6.39"),
    reasonsToReset: (state, request) =>
      request.size === state.cachedHoleSize
        ? reasonsToReset(state, request) | MARKS.cacheResetSmallerSize
        : reasonsToReset(state, request),
  },
  "cache-resets-at-equal-size",
);

/** A search that passes holes only raises the size, so the size from before the reset is still there. */
function searchKeepingHole(state: State, request: Alloc): Vpn {
  const before = state.cachedHoleSize;
  const found = searchCached(state, request, rulesOf("2.6.39"));
  state.cachedHoleSize = Math.max(before, state.cachedHoleSize);
  return found;
}

const keepsHole = vmapKernel(
  GOOD,
  { ...stepsFrom(rulesOf("2.6.39")), search: searchKeepingHole, searchAgain: searchKeepingHole },
  "cache-keeps-hole",
);

export const CACHE_MUTANTS: readonly CacheMutant[] = [
  killed(cacheNoVstartTest, "no `vstart < cached_vstart` test"),
  killed(cacheNoAlignTest, "no `align < cached_align` test"),
  killed(cacheFreeLeavesIt, "a free leaves the cache alone"),
  killed(cacheFreeMovesItUp, "a free sets the cache to rb_next, not rb_prev"),
  {
    kernel: resetsAtEqualSize,
    replaces: "`size <= cached_hole_size`, not `<`",
    expected: "equivalent",
  },
  {
    kernel: keepsHole,
    replaces: "cached_hole_size is not reset where the cache is invalidated",
    expected: "equivalent",
  },
];

function killed({ changed }: Bug, replaces: string): CacheMutant {
  return { kernel: changed as Kernel<State>, replaces, expected: "killed" };
}
