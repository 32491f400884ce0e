import { cachedKernel } from "../../kernels/cached-kernel.ts";
import { listKernel, rules2_6_27 } from "../../kernels/linux-2.6.27.ts";
import { rules2_6_28 } from "../../kernels/linux-2.6.28.ts";
import { rules2_6_39 } from "../../kernels/linux-2.6.39.ts";
import { notBelowWindow } from "../../kernels/search-uncached.ts";
import { uncachedKernel } from "../../kernels/uncached-kernel.ts";
import { releaseOf } from "../../spec/releases.ts";
import { overlaps } from "../../spec/vocabulary.ts";
import type { Bug, Evidence } from "../bug.ts";
import { wrapsOf } from "../wrap.ts";

const ASSERTING = ["2.6.39", "piggin-draft-1", "piggin-draft-3", "3.1", "3.10.65", "3.16", "4.4", "4.15.0"];
const NOT_ASSERTING = ["2.6.28", "2.6.28.10", "2.6.37"];

const repairedList = listKernel(
  { ...rules2_6_27, acceptable: notBelowWindow },
  "2.6.27 refusing addresses below the window",
);
const repaired = uncachedKernel(
  releaseOf("2.6.28"),
  { ...rules2_6_28, acceptable: notBelowWindow },
  "2.6.28 refusing addresses below the window",
);
const repairedCached = cachedKernel(
  releaseOf("2.6.39"),
  { ...rules2_6_39, acceptable: notBelowWindow },
  "2.6.39 refusing addresses below the window",
);

export const alignWrapToZero: Bug = {
  id: "align-wrap-to-zero",
  number: "A11",
  says: "ALIGN(addr, align) wraps to 0; 0 plus the size passes every test, and the area is placed below its window, or a BUG_ON stops the kernel. A second one lands on the first.",
  source: "afd07389d3f4, Uladzislau Rezki, 2019; found by test_vmalloc's align_shift_alloc_test",
  fixed: "5.1 and stable trees; 4.15.18-ubuntu",
  changed: undefined,
  breaks: [
    { law: "in-window", on: ["2.6.27", ...NOT_ASSERTING], pinned: "in-window.json", repaired: repairedList },
    { law: "no-bug", on: ASSERTING, pinned: "no-bug.json", repaired: repairedCached },
    { law: "no-overlap", on: [...NOT_ASSERTING, "2.6.27"], pinned: "no-overlap.json", repaired },
  ],
  explains: (evidence) => wrapsOf(evidence).includes("alignment") || landsOnAWrapped(evidence),
};

/** An area that a wrap has put below its window is in the way of this one, or has upset the order. */
function landsOnAWrapped({ law, before, command, response }: Evidence): boolean {
  if (law !== "no-overlap" || command.op !== "alloc" || response.kind !== "placed") return false;
  const placed = { start: response.start, end: response.start + command.size + before.promises.guard.inside };
  return before.areasIn(placed).some((area) => overlaps(area, placed) && area.start < command.vstart);
}
