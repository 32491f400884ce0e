/**
 * Releases with all their catalogue bugs repaired. In histories on them no bug hides that another is repaired. They
 * keep every law their release promises.
 */
import { giveBackDescriptor } from "../../../kernels/vmap/areas.ts";
import { allOfThem, type BlockRules } from "../../../kernels/vmap/block-rules.ts";
import { MARKS } from "../../../kernels/vmap/coverage-marks.ts";
import { listKernel } from "../../../kernels/vmap/linux-2.6.27.ts";
import { releaseReadingAhead, unmapAtOnce, unmapNone } from "../../../kernels/vmap/purge.ts";
import { rulesOf } from "../../../kernels/vmap/releases.ts";
import { kernelWith } from "../../../kernels/vmap/rules.ts";
import { reasonsToReset } from "../../../kernels/vmap/search-cached.ts";
import { alignWithoutWrap, endWraps } from "../../../kernels/vmap/word-arithmetic.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";

/**
 * Blocks as no release up to 4.15 has them: those of 4.4, with a walk over all of them, and with a refusal of a map of
 * no page.
 */
const blocks: BlockRules = { ...rulesOf("4.4").blocks, looksAt: allOfThem, mapOfNothing: "refused" };

const withoutWraps = { align: alignWithoutWrap, wraps: endWraps };

export const repaired2_6_27 = listKernel(
  {
    align: alignWithoutWrap,
    holeAllowed: (addr, length, request) => addr + length <= request.vend,
    lastStart: (_word, vend, length) => vend - length,
  },
  "2.6.27 repaired",
);

export const repaired2_6_28 = kernelWith(
  { ...releaseOf("2.6.28"), fragments: "purged" },
  {
    ...rulesOf("2.6.28"),
    ...withoutWraps,
    unmapFreed: unmapAtOnce,
    unmapGathered: unmapNone,
    blocks,
    dropUnused: (state, slot) => giveBackDescriptor(state.areas, slot),
    release: releaseReadingAhead(() => {}),
  },
  "2.6.28 repaired",
);

export const repaired2_6_39 = kernelWith(
  releaseOf("2.6.39"),
  { ...rulesOf("2.6.39"), ...withoutWraps, blocks },
  "2.6.39 repaired",
);

export const repaired3_1 = kernelWith(
  releaseOf("3.1"),
  {
    ...rulesOf("3.1"),
    ...withoutWraps,
    blocks,
    // A9: `size <= cached_hole_size` where the release tests `<`.
    reasonsToReset: (state, request) =>
      request.size === state.cachedHoleSize
        ? reasonsToReset(state, request) | MARKS.cacheResetSmallerSize
        : reasonsToReset(state, request),
  },
  "3.1 repaired",
);

export const REPAIRED = [repaired2_6_27, repaired2_6_28, repaired2_6_39, repaired3_1] as const;
