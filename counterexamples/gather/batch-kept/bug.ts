import { rulesOf } from "../../../kernels/gather/index.ts";
import type { GatherTerms } from "../../../spec/gather/terms.ts";
import type { Bug } from "../../../spec/wing.ts";
import { changed, released } from "../changed.ts";

const keeps = changed("3.1", "batch-kept", {
  steps: {
    freeBatches: (state, gather) => {
      const chain = gather.chain.map((batch) => ({ ...batch, entries: batch.entries.slice() }));
      rulesOf("gather-3.1").steps.freeBatches(state, gather);
      gather.chain = chain;
    },
  },
});

export const batchKept: Bug<GatherTerms> = {
  id: "batch-kept",
  number: undefined,
  says: "A flush frees what the batches hold, and leaves it there: the next flush frees it again.",
  source: "a mutant of tlb_batch_pages_flush: nr is not set to 0",
  fixed: "never released",
  changed: keeps,
  violations: [
    { law: "freed-once", on: ["batch-kept"], pinned: "freed-once.json", repaired: released("3.1") },
  ],
  explains: () => true,
};
