import { NONE } from "../../../kernels/vmap/areas.ts";
import { cachedKernel } from "../../../kernels/vmap/cached-kernel.ts";
import { linux2_6_39, rules2_6_39 } from "../../../kernels/vmap/linux-2.6.39.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import type { Bug } from "../../bug.ts";

const changed = cachedKernel(
  releaseOf("2.6.39"),
  {
    ...rules2_6_39,
    // Only the cached area itself is let go of, so that nothing dangles.
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
  changed,
  breaks: [
    { law: "lowest-fit", on: ["cache-free-leaves-it"], pinned: "lowest-fit.json", repaired: linux2_6_39 },
  ],
  explains: () => true,
};
