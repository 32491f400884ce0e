import { rulesOf } from "../../../kernels/gather/index.ts";
import type { GatherTerms } from "../../../spec/gather/terms.ts";
import type { Bug } from "../../../spec/wing.ts";
import { changed, released } from "../changed.ts";

/** An architecture that flushes nothing for a gather of the whole mm, as its ASID is not used again (arm64, 5a7862e83000). */
const elidesFull = changed("4.15", "oom-reaper-fullmm", {
  steps: {
    flushTlb: (state, gather, rules) => {
      if (!gather.fullmm) rulesOf("gather-4.15").steps.flushTlb(state, gather, rules);
    },
  },
});

export const oomReaperFullmm: Bug<GatherTerms> = {
  id: "oom-reaper-fullmm",
  number: "D7",
  says: "The reaper gathers the whole mm as if it were dead. Where the architecture does not flush for that, pages of a running process are freed with their translations.",
  source: "687cb0884a71, Wang Nan, 2017, CVE-2017-18202; planted in 4.15",
  fixed: "4.15",
  changed: elidesFull,
  violations: [
    {
      law: "page-after-flush",
      on: ["oom-reaper-fullmm"],
      pinned: "page-after-flush.json",
      repaired: released("4.15"),
    },
  ],
  explains: () => true,
};
