import { rulesOf } from "../../../kernels/vmap/releases.ts";
import { kernelWith } from "../../../kernels/vmap/rules.ts";
import { searchFrom } from "../../../kernels/vmap/search-uncached.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import type { Bug } from "../bug.ts";
import { repaired2_6_28 } from "../controls/repaired-kernels.ts";

const changed = kernelWith(
  releaseOf("2.6.28"),
  {
    ...rulesOf("2.6.28"),
    searchAgain: (state, request, rules) => searchFrom(state, request, state.gaveUpAt, rules),
  },
  "va-restart-from-end",
);

export const vaRestartFromEnd: Bug = {
  id: "va-restart-from-end",
  number: "A2",
  says: "The address is computed before the retry label: after the purge the search continues where it gave up, near the end.",
  source: '"mm: vmalloc search restart fix", Glauber Costa and Nick Piggin, 2008-11-08',
  fixed: "2.6.28, before its release",
  changed,
  violations: [
    {
      law: "refused-only-when-full",
      on: ["va-restart-from-end"],
      pinned: "refused-only-when-full.json",
      repaired: repaired2_6_28,
    },
  ],
  explains: () => true,
};
