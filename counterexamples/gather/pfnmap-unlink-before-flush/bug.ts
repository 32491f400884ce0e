import type { GatherTerms } from "../../../spec/gather/terms.ts";
import type { Bug } from "../../../spec/wing.ts";
import { from, isOfFrame, released } from "../changed.ts";

export const pfnmapUnlinkBeforeFlush: Bug<GatherTerms> = {
  id: "pfnmap-unlink-before-flush",
  number: "D15",
  says: "A vma of frames without pages leaves the rmap before its entries are flushed: a driver that looks for mappings finds none, and frees a frame that CPUs still reach.",
  source: "b67fbebd4cf9, Peter Zijlstra and Jann Horn, 2022, CVE-2022-39188",
  fixed: "5.19",
  changed: undefined,
  violations: (["unlinked-is-flushed", "freed-not-reached"] as const).map((law) => ({
    law,
    on: [...from("3.0.66", "5.17"), ...from("2.6.28", "2.6.39")],
    pinned: `${law}.json`,
    repaired: released("6.1.10"),
  })),
  explains: ({ before, command }) => command.op === "unlink" || isOfFrame(before, command),
};
