import { linux } from "../../../kernels/vmap/index.ts";
import { rulesOf } from "../../../kernels/vmap/releases.ts";
import { kernelWith } from "../../../kernels/vmap/rules.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import type { Bug } from "../bug.ts";

export const cacheDraftGuardForgotten: Bug = {
  id: "cache-draft-guard-forgotten",
  number: "A8",
  says: "The scan tests `>` where a page is wanted before the next area: an area may end exactly where the next begins.",
  source: '89699605: "forgetting the guard page we want before the next area?"',
  fixed: "89699605 (2.6.39), before its release",
  changed: kernelWith(
    releaseOf("2.6.39"),
    { ...rulesOf("2.6.39"), beforeNext: 0 },
    "cache-draft-guard-forgotten",
  ),
  violations: [
    {
      law: "guard-gap",
      on: ["cache-draft-guard-forgotten", "piggin-draft-1", "piggin-draft-3"],
      pinned: "guard-gap.json",
      repaired: linux("2.6.39"),
    },
  ],
  explains: () => true,
};
