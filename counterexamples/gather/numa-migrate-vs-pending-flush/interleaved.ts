import type { InterleavedBug } from "../../interleaved.ts";

export const numaMigrateVsPendingFlush: InterleavedBug = {
  id: "numa-migrate-vs-pending-flush",
  number: "D4",
  says: "A NUMA migration takes a PTE that change_protection made inaccessible for one that no CPU translates. The flush of that change is still due, and a CPU writes to the page while it is copied.",
  source: "20841405940e, mm: fix TLB flush race between migration, and change_protection_range",
  fixed: "3.13",
  violations: [
    {
      law: "copied-page-unreached",
      protocol: "protects-3.12",
      scope: { cpus: 2 },
      pinned: "interleaving.json",
      repaired: "protects-4.13",
    },
  ],
};
