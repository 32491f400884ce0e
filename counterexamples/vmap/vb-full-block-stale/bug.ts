import { allOfThem } from "../../../kernels/vmap/block-rules.ts";
import { rulesOf } from "../../../kernels/vmap/releases.ts";
import { kernelWith } from "../../../kernels/vmap/rules.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import type { Bug } from "../bug.ts";
import { blocksWithStale, isUsedUp } from "../evidence/left-in-blocks.ts";

/** 4.15.0 and 2.6.28, with the walk over all blocks that 6.5 brought. */
const walking4_15 = kernelWith(
  releaseOf("4.15.0"),
  { ...rulesOf("4.15.0"), blocks: { ...rulesOf("4.15.0").blocks, looksAt: allOfThem } },
  "4.15.0 walking all blocks",
);
const walking2_6_28 = kernelWith(
  releaseOf("2.6.28"),
  { ...rulesOf("2.6.28"), blocks: { ...rulesOf("2.6.28").blocks, looksAt: allOfThem } },
  "2.6.28 walking all blocks",
);

/** Until 2.6.37 a used-up block keeps its PTEs as well. */
const WITH_PTES = ["2.6.28", "2.6.28.10", "piggin-draft-1", "piggin-draft-3"];
const WITH_CACHE = ["2.6.37", "2.6.39", "3.1", "3.10.65", "3.16", "4.4", "4.15.0", "4.15.18-ubuntu"];
const WITHOUT = [...WITH_CACHE, "5.2", "5.10", "5.11", "5.17", "6.1", "6.4"];

export const vbFullBlockStale: Bug = {
  id: "vb-full-block-stale",
  number: "C7",
  says: "A block that has given out all its pages is on no list, and vm_unmap_aliases looks only at lists: pages unmapped in such a block are not flushed.",
  source:
    '"mm/vmalloc: prevent stale TLBs in fully utilized blocks", Thomas Gleixner, 2023, fc1e0d980037; since db64fe02',
  fixed: "6.5",
  changed: undefined,
  violations: [
    {
      law: "no-alias-after-unmap-aliases",
      on: WITHOUT,
      pinned: "no-alias-after-unmap-aliases.json",
      repaired: walking4_15,
    },
    {
      law: "no-alias-after-unmap-aliases",
      on: WITH_PTES,
      pinned: "no-alias-after-unmap-aliases.ptes.json",
      repaired: walking2_6_28,
    },
    {
      law: "pinned-is-unaliased",
      on: [...WITH_PTES, ...WITHOUT],
      pinned: "pinned-is-unaliased.json",
      repaired: walking4_15,
    },
  ],
  explains: (evidence) => blocksWithStale(evidence).some(isUsedUp),
};
