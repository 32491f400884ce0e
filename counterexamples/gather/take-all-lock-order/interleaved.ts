import type { InterleavedBug } from "../../interleaved.ts";

export const takeAllLockOrder: InterleavedBug = {
  id: "take-all-lock-order",
  number: undefined,
  says: "mm_take_all_locks takes the locks vma by vma, each mapping's and then its anon_vma's. vma_adjust holds the next mapping's and waits for that anon_vma's.",
  source: "7cd5a02f54f4, mm: fix mm_take_all_locks() locking order (commit from memory)",
  fixed: "2.6.27",
  violations: [
    {
      law: "no-deadlock",
      protocol: "take-all-2.6.27-rc1",
      scope: { cpus: 2, mappings: 2 },
      pinned: "interleaving.json",
      repaired: "take-all-2.6.27",
    },
  ],
};
