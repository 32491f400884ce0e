import { cachedKernel } from "../../../kernels/vmap/cached-kernel.ts";
import { linux2_6_39, rules2_6_39 } from "../../../kernels/vmap/linux-2.6.39.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import type { Bug } from "../../bug.ts";

export const cacheDraftGuardForgotten: Bug = {
  id: "cache-draft-guard-forgotten",
  number: "A8",
  says: "The scan tests `>` where a page is wanted before the next area: an area may end exactly where the next begins.",
  source: '89699605: "forgetting the guard page we want before the next area?"',
  fixed: "89699605 (2.6.39), before its release",
  changed: cachedKernel(
    releaseOf("2.6.39"),
    { ...rules2_6_39, beforeNext: 0 },
    "cache-draft-guard-forgotten",
  ),
  breaks: [
    {
      law: "guard-gap",
      on: ["cache-draft-guard-forgotten", "piggin-draft-1", "piggin-draft-3"],
      pinned: "guard-gap.json",
      repaired: linux2_6_39,
    },
  ],
  explains: () => true,
};
