import { nextBatch } from "../../../kernels/gather/batches.ts";
import type { GatherTerms } from "../../../spec/gather/terms.ts";
import type { Bug } from "../../../spec/wing.ts";
import { changed, released } from "../changed.ts";

export const failedBatchPassed: Bug<GatherTerms> = {
  id: "failed-batch-passed",
  number: undefined,
  says: "A gather that gets no batch page says that there is room.",
  source: "a mutant of tlb_next_batch: what it returns is not looked at",
  fixed: "never released",
  changed: changed("3.1", "failed-batch-passed", {
    steps: { nextBatch: (state, gather, facts) => nextBatch(state, gather, facts) || true },
  }),
  violations: [
    {
      law: "failed-allocation-flushes",
      on: ["failed-batch-passed"],
      pinned: "failed-allocation-flushes.json",
      repaired: released("3.1"),
    },
  ],
  explains: () => true,
};
