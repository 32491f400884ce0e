import type { GatherTerms } from "../../../spec/gather/terms.ts";
import type { Bug } from "../../../spec/wing.ts";
import { released } from "../changed.ts";

export const tableOutsideRange: Bug<GatherTerms> = {
  id: "table-outside-range",
  number: undefined,
  says: "A gather flushes the range that its caller gave it, or what an early stop of a zap left of that. A page table may begin below it, and no flush covers that address.",
  source: "recorded in 3.16; fb7332a9fedf adds each table to the range",
  fixed: "3.19",
  changed: undefined,
  violations: (["page-after-flush", "flush-covers"] as const).map((law) => ({
    law,
    on: ["gather-3.16"],
    pinned: `${law}.json`,
    repaired: released("4.4"),
  })),
  explains: ({ after }) =>
    [...(after?.reply.missed ?? []), ...(after?.reply.early ?? [])].some(({ table }) => table !== undefined),
};
