import type { GatherTerms } from "../../../spec/gather/terms.ts";
import type { Bug } from "../../../spec/wing.ts";
import { from, missedIn, released } from "../changed.ts";

export const gatherRangeCorner: Bug<GatherTerms> = {
  id: "gather-range-corner",
  number: "D3",
  says: "The range of a gather is ~0 to 0 until a zap sets it, and then stays what that zap set: any other flush covers nothing, or something else.",
  source: "2b047252d087, Linus Torvalds, 2013",
  fixed: "3.11",
  changed: undefined,
  violations: (["page-after-flush", "flush-covers", "freed-not-reached"] as const).map((law) => ({
    law,
    on: from("3.9.6", "3.10.4"),
    pinned: `${law}.json`,
    repaired: released("3.16"),
  })),
  explains: ({ before, command }) => !["zap", "touch"].includes(missedIn(before, command)),
};
