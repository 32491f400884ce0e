import type { InterleavedBug } from "../../interleaved.ts";

export const batchedFlushFlagLost: InterleavedBug = {
  id: "batched-flush-flag-lost",
  number: undefined,
  says: "munmap flushes because reclaim deferred a flush, and then clears the flag. What reclaim deferred in between, under another page table lock, is forgotten.",
  source: "5ee2fa2f0636, mm/rmap: fix potential batched TLB flush race (commit and version from memory)",
  fixed: "5.17",
  violations: [
    {
      law: "unmap-leaves-nothing-stale",
      protocol: "reclaims-4.13",
      scope: { cpus: 2, pages: 2 },
      pinned: "interleaving.json",
      repaired: "reclaims-5.17",
    },
  ],
};
