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
  changed,
  violations: [
    { law: "lowest-fit", on: ["cache-no-vstart-test"], pinned: "lowest-fit.json", repaired: linux("2.6.39") },
  ],
  explains: () => true,
};
