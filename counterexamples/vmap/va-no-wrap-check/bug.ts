import type { Bug } from "../bug.ts";
import { repaired2_6_28 } from "../controls/repaired-kernels.ts";
import { wrapsOf } from "../evidence/wrap.ts";

export const vaNoWrapCheck: Bug = {
  id: "va-no-wrap-check",
  number: "A4",
  says: "Nothing tests whether address plus size passes the top of the word; the sum comes out small and looks as if it fitted.",
  source: '"mm: vmap fix overflow", 7766970cc15a; introduced by db64fe02258f',
  fixed: "2.6.29 and 2.6.28.10",
  changed: undefined,
  violations: [
    { law: "in-window", on: ["2.6.28"], pinned: "in-window.json", repaired: repaired2_6_28 },
    { law: "no-bug", on: ["2.6.28"], pinned: "no-bug.json", repaired: repaired2_6_28 },
    { law: "no-overlap", on: ["2.6.28"], pinned: "no-overlap.json", repaired: repaired2_6_28 },
    {
      law: "flush-before-reuse",
      on: ["2.6.28"],
      pinned: "flush-before-reuse.json",
      repaired: repaired2_6_28,
    },
  ],
  explains: (evidence) => wrapsOf(evidence).includes("end-beyond-top"),
};
