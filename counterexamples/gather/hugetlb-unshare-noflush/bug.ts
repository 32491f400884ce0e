import type { GatherTerms } from "../../../spec/gather/terms.ts";
import type { Bug } from "../../../spec/wing.ts";
import { changed, released } from "../changed.ts";

export const hugetlbUnshareNoflush: Bug<GatherTerms> = {
  id: "hugetlb-unshare-noflush",
  number: "D13",
  says: "Unsharing a page table removes the translations of 1 GiB, and the gather does not note it: nothing is flushed.",
  source: "a4a118f2eead, Nadav Amit, 2021, CVE-2021-4002; planted in 6.19.10",
  fixed: "5.16",
  changed: changed("6.19.10", "hugetlb-unshare-noflush", { steps: { unshare: () => {} } }),
  violations: [
    {
      law: "flush-covers",
      on: ["hugetlb-unshare-noflush"],
      pinned: "flush-covers.json",
      repaired: released("6.19.10"),
    },
  ],
  explains: () => true,
};
