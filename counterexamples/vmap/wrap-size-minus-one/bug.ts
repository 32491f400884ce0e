import type { Bug } from "../bug.ts";
import { repaired2_6_28, repaired2_6_39 } from "../controls/repaired-kernels.ts";
import { wrapsOf } from "../evidence/wrap.ts";

const ON = ["2.6.28.10", "2.6.28", "2.6.37", "piggin-draft-1", "piggin-draft-3", "2.6.39", "3.1"];

/** The same, the one it was pinned on first. */
const CACHED_FIRST = ["2.6.39", ...ON.filter((label) => label !== "2.6.39")];

export const wrapSizeMinusOne: Bug = {
  id: "wrap-size-minus-one",
  number: "A10",
  says: "`addr + size - 1 < addr` is false when addr + size is exactly 2^W: the area's end becomes 0 and passes every later test.",
  source: 'bcb615a81b17; 89699605: "won\'t the vend checks go wrong if addr + size is 0?"',
  fixed: "3.11 and 3.10.y",
  changed: undefined,
  violations: [
    { law: "in-window", on: ON, pinned: "in-window.json", repaired: repaired2_6_28 },
    { law: "no-bug", on: CACHED_FIRST, pinned: "no-bug.json", repaired: repaired2_6_39 },
    { law: "no-overlap", on: ON, pinned: "no-overlap.json", repaired: repaired2_6_28 },
    { law: "flush-before-reuse", on: ON, pinned: "flush-before-reuse.json", repaired: repaired2_6_28 },
  ],
  explains: (evidence) => wrapsOf(evidence).includes("end-at-top"),
};
