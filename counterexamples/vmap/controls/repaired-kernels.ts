/**
 * Releases with every catalogue bug of theirs repaired, for histories in which one bug would otherwise stand
 * in the way of showing that another is gone. They keep every law their release promises.
 */

import { giveBackDescriptor } from "../../../kernels/vmap/areas.ts";
import { allOfThem, type BlockRules } from "../../../kernels/vmap/block-rules.ts";
import { MARKS } from "../../../kernels/vmap/coverage-marks.ts";
import { listKernel } from "../../../kernels/vmap/linux-2.6.27.ts";
import { releaseReadingAhead, unmapAtOnce, unmapNone } from "../../../kernels/vmap/purge.ts";
import { rulesOf } from "../../../kernels/vmap/releases.ts";
import { kernelWith } from "../../../kernels/vmap/rules.ts";
import { reasonsToReset } from "../../../kernels/vmap/search-cached.ts";
import { alignWithoutWrap } from "../../../kernels/vmap/word-arithmetic.ts";
import { endWraps } from "../../../kernels/vmap/wrap-tests.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";

/** Blocks as no release up to 4.15 has them: 4.4's, all of them walked, and a map of nothing refused. */
const blocks: BlockRules = { ...rulesOf("4.4").blocks, looksAt: allOfThem, mapOfNothing: "refused" };

const withoutWraps = { align: alignWithoutWrap, wraps: endWraps };

export const mended2_6_27 = listKernel(
  {
    align: alignWithoutWrap,
    holeAllowed: (addr, length, request) => addr + length <= request.vend,
    lastStart: (_word, vend, length) => vend - length,
  },
  "2.6.27 mended",
);

export const mended2_6_28 = kernelWith(
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
  "2.6.28 mended",
);

export const mended2_6_39 = kernelWith(
  releaseOf("2.6.39"),
  { ...rulesOf("2.6.39"), ...withoutWraps, blocks },
  "2.6.39 mended",
);

export const mended3_1 = kernelWith(
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
  "3.1 mended",
);

export const MENDED = [mended2_6_27, mended2_6_28, mended2_6_39, mended3_1] as const;
