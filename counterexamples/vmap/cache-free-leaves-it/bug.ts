import { NONE } from "../../../kernels/vmap/areas.ts";
import { linux } from "../../../kernels/vmap/index.ts";
import { rulesOf } from "../../../kernels/vmap/releases.ts";
import { kernelWith } from "../../../kernels/vmap/rules.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import type { Bug } from "../bug.ts";

const changed = kernelWith(
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
  changed,
  violations: [
    { law: "lowest-fit", on: ["cache-free-leaves-it"], pinned: "lowest-fit.json", repaired: linux("2.6.39") },
  ],
  explains: () => true,
};
