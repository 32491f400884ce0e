import type { InterleavedBug } from "../../interleaved.ts";

export const pendingFlushIsBoolean: InterleavedBug = {
  id: "pending-flush-is-boolean",
  number: undefined,
  says: "tlb_flush_pending is a boolean. Of two changes of protection on one mm, the one that ends first clears it while the flush of the other is still due.",
  source: "16af97dc5a89, mm: migrate: prevent racy access to tlb_flush_pending",
  fixed: "4.13",
  violations: [
    {
      law: "copied-page-unreached",
      protocol: "protects-3.13",
      scope: { cpus: 2 },
      pinned: "interleaving.json",
      repaired: "protects-4.13",
    },
  ],
};
