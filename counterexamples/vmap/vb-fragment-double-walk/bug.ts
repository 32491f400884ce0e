import { collectDirty, purgeFragmented } from "../../../kernels/vmap/block-sweeps.ts";
import { linux } from "../../../kernels/vmap/index.ts";
import { rulesOf } from "../../../kernels/vmap/releases.ts";
import { kernelWith } from "../../../kernels/vmap/rules.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import type { Bug } from "../bug.ts";
import { PURGING_ALL_FRAGMENTED } from "../evidence/left-in-blocks.ts";

const id = "vb-fragment-double-walk";

/** 6.5 with the second walk put back, which purges every fragmented block. */
const purging6_5 = kernelWith(
  releaseOf("6.5"),
  {
    ...rulesOf("6.5"),
    unmapAliases: (state, steps) => {
      if (!state.initialised) return;
      const dirty = collectDirty(state, steps);
      purgeFragmented(state, steps);
      steps.purge(state, dirty, "decay");
    },
  },
  id,
);

export const vbFragmentDoubleWalk: Bug = {
  id,
  number: "C8",
  says: "vm_unmap_aliases walks all blocks a second time and purges those in which nothing is mapped, even if most of their pages were never given out: each call costs a flush of the whole block, and the next map a new block.",
  source:
    '"mm/vmalloc: avoid iterating over per CPU vmap blocks twice" and its series, Thomas Gleixner, 2023, ca5e46c3400b; since 02b709df817c (2.6.33)',
  fixed: "6.5",
  changed: purging6_5,
  violations: [
    {
      law: "usable-blocks-stay",
      on: [...PURGING_ALL_FRAGMENTED, id],
      pinned: "usable-blocks-stay.json",
      repaired: linux("6.5"),
    },
  ],
  explains: () => true,
};
