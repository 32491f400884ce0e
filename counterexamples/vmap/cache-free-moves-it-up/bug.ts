import { next } from "../../../kernels/structures/rbtree.ts";
import { NONE } from "../../../kernels/vmap/areas.ts";
import { linux } from "../../../kernels/vmap/index.ts";
import { rulesOf } from "../../../kernels/vmap/releases.ts";
import { kernelWith } from "../../../kernels/vmap/rules.ts";
import { cacheBeforeErase } from "../../../kernels/vmap/search-cached.ts";
import type { State } from "../../../kernels/vmap/state.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import type { Bug } from "../bug.ts";

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
