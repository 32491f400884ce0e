import { rules2_6_28 } from "../../kernels/linux-2.6.28.ts";
import { uncachedKernel } from "../../kernels/uncached-kernel.ts";
import { lastByteWraps } from "../../kernels/wrap-tests.ts";
import { releaseOf } from "../../spec/releases.ts";
import type { Bug } from "../bug.ts";
import { wrapsOf } from "../wrap.ts";

const repaired = uncachedKernel(
  releaseOf("2.6.28"),
  { ...rules2_6_28, wraps: lastByteWraps },
  "2.6.28 with a wrap test",
);

export const vaNoWrapCheck: Bug = {
  id: "va-no-wrap-check",
  number: "A4",
  says: "Nothing tests whether address plus size passes the top of the word; the sum comes out small and looks as if it fitted.",
  source: '"mm: vmap fix overflow", 7766970cc15a; introduced by db64fe02258f (seed 003)',
  fixed: "2.6.30 and 2.6.28.10",
  changed: undefined,
  breaks: [
    { law: "in-window", on: ["2.6.28"], pinned: "in-window.json", repaired },
    { law: "no-bug", on: ["2.6.28"], pinned: "no-bug.json", repaired },
  ],
  explains: (evidence) => wrapsOf(evidence).includes("end-beyond-top"),
};
