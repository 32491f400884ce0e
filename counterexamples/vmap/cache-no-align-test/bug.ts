import { MARKS } from "../../../kernels/vmap/coverage-marks.ts";
import { linux } from "../../../kernels/vmap/index.ts";
import { rulesOf } from "../../../kernels/vmap/releases.ts";
import { kernelWith } from "../../../kernels/vmap/rules.ts";
import { reasonsToReset } from "../../../kernels/vmap/search-cached.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import type { Bug } from "../bug.ts";

const changed = kernelWith(
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
  changed,
  violations: [
    { law: "lowest-fit", on: ["cache-no-align-test"], pinned: "lowest-fit.json", repaired: linux("2.6.39") },
  ],
  explains: () => true,
};
