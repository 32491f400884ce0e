import type { GatherTerms } from "../../../spec/gather/terms.ts";
import type { Bug } from "../../../spec/wing.ts";
import { released } from "../changed.ts";

export const batchesUnbounded: Bug<GatherTerms> = {
  id: "batches-unbounded",
  number: undefined,
  says: "A gather takes batches without end, and frees millions of pages at once: other tasks of the CPU wait for seconds.",
  source: "53a59fc67f97, Michal Hocko, 2012",
  fixed: "3.8",
  changed: undefined,
  violations: [
    {
      law: "batches-bounded",
      on: ["gather-3.1"],
      pinned: "batches-bounded.json",
      repaired: released("3.0.66"),
    },
  ],
  explains: () => true,
};
