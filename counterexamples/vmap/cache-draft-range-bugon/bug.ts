import { rulesDraft1 } from "../../../kernels/vmap/piggin-drafts.ts";
import { kernelWith } from "../../../kernels/vmap/rules.ts";
import { startAtWindow } from "../../../kernels/vmap/search-cached.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import type { Bug } from "../bug.ts";

const repaired = kernelWith(
  releaseOf("piggin-draft-1"),
  { ...rulesDraft1, startUncached: startAtWindow },
  "piggin-draft-1 with find_vma's descent",
);

export const cacheDraftRangeBugon: Bug = {
  id: "cache-draft-range-bugon",
  number: "A6",
  says: "The draft asserts that an area which begins below the address reaches up to it; the descent also ends on areas that lie completely below.",
  source: "Steven Whitehouse, linux-mm, 2010-05-19: BUG_ON(first->va_end < addr); 89699605",
  fixed: "in the draft of 25 May 2010; never released",
  changed: undefined,
  violations: [{ law: "no-bug", on: ["piggin-draft-1"], pinned: "no-bug.json", repaired }],
  explains: ({ response }) => response.kind === "bug" && response.text === "first->va_end < addr",
};
