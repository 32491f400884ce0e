import { rulesDraft3 } from "../../../kernels/vmap/piggin-drafts.ts";
import { kernelWith } from "../../../kernels/vmap/rules.ts";
import { startAtWindow } from "../../../kernels/vmap/search-cached.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import type { Bug } from "../bug.ts";

const repaired = kernelWith(
  releaseOf("piggin-draft-3"),
  { ...rulesDraft3, startUncached: startAtWindow },
  "piggin-draft-3 with find_vma's descent",
);

export const cacheDraftAlignBugon: Bug = {
  id: "cache-draft-align-bugon",
  number: "A7",
  says: "The BUG_ON alignment case: past an area the draft aligns the address and asserts that the next area does not begin below it, but aligning by more than a page jumps past that start.",
  source:
    "89699605 (Hugh Dickins, 2011-01-06); Steven Whitehouse, linux-mm, 2010-07-14: BUG_ON(first->va_start < addr)",
  fixed: "89699605 (2.6.39), before its release",
  changed: undefined,
  violations: [{ law: "no-bug", on: ["piggin-draft-3"], pinned: "no-bug.json", repaired }],
  explains: ({ response }) => response.kind === "bug" && response.text === "first->va_start < addr",
};
