import type { GatherTerms } from "../../../spec/gather/terms.ts";
import type { Bug } from "../../../spec/wing.ts";
import { from, released } from "../changed.ts";

export const flushOfNothing: Bug<GatherTerms> = {
  id: "flush-of-nothing",
  number: undefined,
  says: "A gather of the whole mm flushes when it finishes, though nothing was removed, or all of it was flushed before.",
  source: "0d6e24d430ef, Peter Zijlstra, 2020",
  fixed: "5.6",
  changed: undefined,
  violations: [
    {
      law: "flush-only-removed",
      on: from("4.4", "5.4.18"),
      pinned: "flush-only-removed.json",
      repaired: released("5.11"),
    },
  ],
  explains: () => true,
};
