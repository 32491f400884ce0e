import type { InterleavedBug } from "../../interleaved.ts";

export const rcuTableMmUsers: InterleavedBug = {
  id: "rcu-table-mm-users",
  number: "D11",
  says: "With mm_users below 2 a page table is freed at once. Yet CPUs that run a kernel thread on the mm (lazy), and the CPU itself, still walk through it ahead of need.",
  source: "a6f572084fbe, mm/tlb: Remove tlb_remove_table() non-concurrent condition; reported by Will Deacon",
  fixed: "4.19",
  violations: [
    {
      law: "freed-table-not-walked",
      protocol: "tables-4.15-invalidating",
      also: ["tables-4.15"],
      scope: { cpus: 2, remote: 0 },
      pinned: "interleaving.json",
      repaired: "tables-4.19",
    },
  ],
};
