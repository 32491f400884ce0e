import type { InterleavedBug } from "../../interleaved.ts";

export const hugetlbUnshareVsGup: InterleavedBug = {
  id: "hugetlb-unshare-vs-gup",
  number: "D14",
  says: "A shared page table is unshared, and its last user uses it as an ordinary one. GUP-fast for the first mm is still in it, because a broadcast flush does not wait for walks.",
  source: "1013af4f585f, mm/hugetlb: fix huge_pmd_unshare() vs GUP-fast race; Jann Horn",
  fixed: "6.16",
  violations: [
    {
      law: "freed-table-not-walked",
      protocol: "tables-6.15-unshare",
      scope: { cpus: 2, remote: 0 },
      pinned: "interleaving.json",
      repaired: "tables-6.16-unshare",
    },
  ],
};
