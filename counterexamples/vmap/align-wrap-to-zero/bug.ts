import type { Bug } from "../bug.ts";
import { repaired2_6_27, repaired2_6_28, repaired2_6_39 } from "../controls/repaired-kernels.ts";
import { wrapsOf } from "../evidence/wrap.ts";

/** Releases with a BUG_ON for an address below the window. */
const ASSERTING = ["2.6.39", "piggin-draft-1", "piggin-draft-3", "3.1", "3.10.65", "3.16", "4.4", "4.15.0"];
const NOT_ASSERTING = ["2.6.28", "2.6.28.10", "2.6.37"];
/** In a window that begins at 0, 0 is not below the window: even the test of afd07389d3f4 accepts it. */
const IN_WHOLE_SPACE = [...ASSERTING, "4.15.18-ubuntu"];

export const alignWrapToZero: Bug = {
  id: "align-wrap-to-zero",
  number: "A11",
  says: "ALIGN(addr, align), or the guard page added before it, wraps to 0; 0 plus the size passes every test, and the area is placed below its window, or a BUG_ON stops the kernel. A second one lands on the first.",
  source: "afd07389d3f4, Uladzislau Rezki, 2019; found by test_vmalloc's align_shift_alloc_test",
  fixed: "5.1, stable trees and 4.15.18-ubuntu, but for windows that begin at 0; 5.2 replaced the search",
  changed: undefined,
  violations: [
    {
      law: "in-window",
      on: ["2.6.27", ...NOT_ASSERTING],
      pinned: "in-window.json",
      repaired: repaired2_6_27,
    },
    { law: "no-bug", on: ASSERTING, pinned: "no-bug.json", repaired: repaired2_6_39 },
    { law: "no-bug", on: NOT_ASSERTING, pinned: "no-bug.second-wrap.json", repaired: repaired2_6_28 },
    {
      law: "no-overlap",
      on: [...NOT_ASSERTING, "2.6.27"],
      pinned: "no-overlap.json",
      repaired: repaired2_6_28,
    },
    {
      law: "no-overlap",
      on: IN_WHOLE_SPACE,
      pinned: "no-overlap.whole-space.json",
      repaired: repaired2_6_39,
    },
    { law: "guard-gap", on: ["2.6.39"], pinned: "guard-gap.json", repaired: repaired2_6_39 },
    {
      law: "flush-before-reuse",
      on: NOT_ASSERTING,
      pinned: "flush-before-reuse.json",
      repaired: repaired2_6_28,
    },
    {
      law: "flush-before-reuse",
      on: IN_WHOLE_SPACE,
      pinned: "flush-before-reuse.whole-space.json",
      repaired: repaired2_6_39,
    },
  ],
  explains: (evidence) => wrapsOf(evidence).includes("alignment"),
};
