import { freeChain } from "../../../kernels/gather/batches.ts";
import { flushMmu, isNested } from "../../../kernels/gather/flush.ts";
import { adjustRange, resetRange } from "../../../kernels/gather/range.ts";
import type { GatherTerms } from "../../../spec/gather/terms.ts";
import type { Bug } from "../../../spec/wing.ts";
import { changed, released } from "../changed.ts";

/** tlb_finish_mmu of 5.1, where another gather is open. */
const resets = changed("5.2.1", "force-flush-reset", {
  steps: {
    finish: (state, gather, rules, start, end) => {
      if (isNested(state)) {
        resetRange(gather);
        adjustRange(gather, start, end - start);
      }
      flushMmu(state, gather, rules);
      freeChain(state, gather);
    },
  },
});

export const forceFlushReset: Bug<GatherTerms> = {
  id: "force-flush-reset",
  number: "D12",
  says: "A nested tlb_finish_mmu resets the gather before it sets its range: it forgets that tables were freed, and which levels were cleared.",
  source: "7a30df49f63a, Yang Shi, 2019; planted in 5.2.1",
  fixed: "5.2",
  changed: resets,
  violations: [
    {
      law: "flush-covers",
      on: ["force-flush-reset"],
      pinned: "flush-covers.json",
      repaired: released("5.2.1"),
    },
  ],
  explains: () => true,
};
