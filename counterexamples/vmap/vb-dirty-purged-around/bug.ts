import { rulesOf } from "../../../kernels/vmap/releases.ts";
import { stepsFrom } from "../../../kernels/vmap/rules.ts";
import type { State } from "../../../kernels/vmap/state.ts";
import { vmapKernel } from "../../../kernels/vmap/vmap-kernel.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import type { Bug } from "../bug.ts";
import { liesInBlocks } from "../evidence/left-in-blocks.ts";

const steps = stepsFrom(rulesOf("6.5"));

const forgetting6_5 = vmapKernel(
  releaseOf("6.5"),
  {
    ...steps,
    purge: (state, dirty, pools) => {
      steps.purge(state, dirty, pools);
      forgetFlushed(state);
    },
  },
  "6.5 noting what a purge flushes in blocks",
);

/** Dirty pages of a block in a range that was just flushed are no longer dirty. */
function forgetFlushed({ areas, blocks, flushes }: State): void {
  for (const block of rulesOf("6.5").blocks.looksAt(blocks)) {
    const base = areas.start[blocks.area[block] as number] as number;
    const from = base + (blocks.dirtyMin[block] as number);
    const end = base + (blocks.dirtyMax[block] as number);
    if (!flushes.some((flush) => flush.start <= from && end <= flush.end)) continue;
    blocks.dirtyMin[block] = blocks.pages;
    blocks.dirtyMax[block] = 0;
  }
}

export const vbDirtyPurgedAround: Bug = {
  id: "vb-dirty-purged-around",
  number: undefined,
  says: "A purge flushes one range from the lowest to the highest lazy page. Dirty pages of a block between them are flushed as well, but the block does not record it: vm_unmap_aliases flushes them again.",
  source: "what a09fad96ffb1 (6.5, catalogue C9) left: found here at random; harmless but for the time",
  latent: true,
  fixed: "never: 7.2 has it",
  changed: undefined,
  violations: [
    {
      law: "flush-only-once",
      on: ["6.5", "6.12", "6.19"],
      pinned: "flush-only-once.json",
      repaired: forgetting6_5,
    },
  ],
  explains: liesInBlocks,
};
