import { dirtyBitmap } from "../../../kernels/vmap/block-rules.ts";
import { rulesOf } from "../../../kernels/vmap/releases.ts";
import { kernelWith } from "../../../kernels/vmap/rules.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import type { Bug } from "../bug.ts";
import { blocksWithStale, isUsedUp } from "../evidence/left-in-blocks.ts";

const repaired = kernelWith(
  releaseOf("3.16"),
  { ...rulesOf("3.16"), blocks: { ...rulesOf("3.16").blocks, dirty: dirtyBitmap } },
  "3.16 marking all of a region",
);

export const vbDirtymapWordCross: Bug = {
  id: "vb-dirtymap-word-cross",
  number: "C5",
  says: "Maps are no longer aligned to their size, but pages given back are still marked by a bitmap call for aligned regions: past the end of a word it marks nothing, and vm_unmap_aliases flushes too little.",
  source:
    "b8e748b6c320, 3fcd76e8028e (3.11); no report known: found by reading and on the real code of 3.16 (catalogue C5, section 11)",
  latent: true,
  fixed: "4.1, where 7d61bfe8fdde replaced the bitmap",
  changed: undefined,
  violations: [
    {
      law: "no-alias-after-unmap-aliases",
      on: ["3.16"],
      pinned: "no-alias-after-unmap-aliases.json",
      repaired,
    },
    { law: "pinned-is-unaliased", on: ["3.16"], pinned: "pinned-is-unaliased.json", repaired },
  ],
  explains: (evidence) => blocksWithStale(evidence).some((block) => !isUsedUp(block)),
};
