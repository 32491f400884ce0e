import type { GatherTerms } from "../../../spec/gather/terms.ts";
import type { Bug } from "../../../spec/wing.ts";
import { missedIn, released } from "../changed.ts";

export const zapMissesLastPage: Bug<GatherTerms> = {
  id: "zap-misses-last-page",
  number: undefined,
  says: "Where a zap stops, its flush ends at the address of the page it stopped at: that page is freed with the others, and keeps its translation until the next flush.",
  source: "recorded in 3.16, which has 1cf35d47712d; fb7332a9fedf made the range that of the entries",
  fixed: "3.19",
  changed: undefined,
  violations: (["page-after-flush", "flush-covers", "freed-not-reached"] as const).map((law) => ({
    law,
    on: ["gather-3.16"],
    pinned: `${law}.json`,
    repaired: released("4.4"),
  })),
  explains: ({ before, command, after }) =>
    command.op === "touch"
      ? missedIn(before, command) !== "touch"
      : [...(after?.reply.missed ?? []), ...(after?.reply.early ?? [])].some(
          ({ table }) => table === undefined,
        ),
};
