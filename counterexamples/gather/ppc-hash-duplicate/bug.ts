import type { GatherTerms } from "../../../spec/gather/terms.ts";
import type { Bug } from "../../../spec/wing.ts";
import { changed, released } from "../changed.ts";

/** Lazy mode that is left without a flush of its batch. */
const leaves = changed("3.1-ppc64", "ppc-hash-duplicate", {
  steps: {
    setLazy: (state, cpu, _rules, on) => {
      const batch = state.hash[cpu];
      if (batch !== undefined) batch.active = on ? 1 : 0;
    },
  },
});

export const ppcHashDuplicate: Bug<GatherTerms> = {
  id: "ppc-hash-duplicate",
  number: "D18",
  says: "The PTE lock is dropped while entries of the hash table still wait to be invalidated: a fault puts a second entry beside the old one.",
  source:
    "Benjamin Herrenschmidt, 2010-04-08; Peter Zijlstra, linux-mm 20110307172206.557810970; b9ef323ea168; planted in 3.1",
  fixed: "never released",
  changed: leaves,
  violations: (["hash-empty-outside-lazy", "one-hash-entry"] as const).map((law) => ({
    law,
    on: ["ppc-hash-duplicate"],
    pinned: `${law}.json`,
    repaired: released("3.1-ppc64"),
  })),
  explains: () => true,
};
