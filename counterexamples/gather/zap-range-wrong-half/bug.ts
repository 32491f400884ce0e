import type { GatherTerms } from "../../../spec/gather/terms.ts";
import type { Bug } from "../../../spec/wing.ts";
import { from, missedIn, released } from "../changed.ts";

export const zapRangeWrongHalf: Bug<GatherTerms> = {
  id: "zap-range-wrong-half",
  number: "D2",
  says: "Where a zap stops because the gather is full, it flushes from the page it stopped at to the end: the pages before it, which it frees, keep their translations.",
  source: "e6c495a96ce0, Vineet Gupta, 2013; recorded in 3.9.6 and 3.10.4",
  fixed: "3.11",
  changed: undefined,
  violations: (["page-after-flush", "flush-covers", "freed-not-reached"] as const).map((law) => ({
    law,
    on: from("3.9.6", "3.10.4"),
    pinned: `${law}.json`,
    repaired: released("4.4"),
  })),
  explains: ({ before, command }) => missedIn(before, command) === "zap",
};
