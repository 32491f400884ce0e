import type { GatherTerms } from "../../../spec/gather/terms.ts";
import type { Bug } from "../../../spec/wing.ts";
import { from, released } from "../changed.ts";

export const madvFlushMiss: Bug<GatherTerms> = {
  id: "madv-flush-miss",
  number: "D6",
  says: "Two threads zap the same range. The one that finds the entries clear flushes nothing, and returns to its user while translations are still there.",
  source: "99baac21e458, Minchan Kim, 2017; 56236a59556c",
  fixed: "4.13",
  changed: undefined,
  violations: [
    {
      law: "finish-leaves-nothing-stale",
      on: from("2.6.28", "4.4"),
      pinned: "finish-leaves-nothing-stale.json",
      repaired: released("4.15"),
    },
  ],
  explains: () => true,
};
