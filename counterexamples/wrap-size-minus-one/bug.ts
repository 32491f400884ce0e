import { cachedKernel } from "../../kernels/cached-kernel.ts";
import { rules2_6_28_10 } from "../../kernels/linux-2.6.28.10.ts";
import { rules2_6_39 } from "../../kernels/linux-2.6.39.ts";
import { uncachedKernel } from "../../kernels/uncached-kernel.ts";
import { endWraps } from "../../kernels/wrap-tests.ts";
import { releaseOf } from "../../spec/releases.ts";
import type { Bug } from "../bug.ts";
import { wrapsOf } from "../wrap.ts";

const ON = ["2.6.28.10", "2.6.28", "2.6.37", "piggin-draft-1", "piggin-draft-3", "2.6.39", "3.1"];

const repaired = uncachedKernel(
  releaseOf("2.6.28.10"),
  { ...rules2_6_28_10, wraps: endWraps },
  "2.6.28.10 testing addr + size < addr",
);
const repairedCached = cachedKernel(
  releaseOf("2.6.39"),
  { ...rules2_6_39, wraps: endWraps },
  "2.6.39 testing addr + size < addr",
);

export const wrapSizeMinusOne: Bug = {
  id: "wrap-size-minus-one",
  number: "A10",
  says: "`addr + size - 1 < addr` is false when addr + size is exactly 2^W: the area's end becomes 0 and passes every later test.",
  source: 'bcb615a81b17; seed 002: "won\'t the vend checks go wrong if addr + size is 0?"',
  fixed: "3.11 and 3.10.y",
  changed: undefined,
  breaks: [
    { law: "in-window", on: ON, pinned: "in-window.json", repaired },
    {
      law: "no-bug",
      on: ["2.6.39", ...ON.filter((label) => label !== "2.6.39")],
      pinned: "no-bug.json",
      repaired: repairedCached,
    },
  ],
  explains: (evidence) => wrapsOf(evidence).includes("end-at-top"),
};
