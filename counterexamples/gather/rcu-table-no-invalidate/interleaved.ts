import type { InterleavedBug } from "../../interleaved.ts";

export const rcuTableNoInvalidate: InterleavedBug = {
  id: "rcu-table-no-invalidate",
  number: "D10",
  says: "A page table is freed after an IPI or a grace period, and no cache of upper levels was flushed: if no batch can be had, a CPU that takes the IPI still goes through its cached entry into the freed table.",
  source:
    "d86564a2f085, mm/tlb, x86/mm: Support invalidating TLB caches for RCU_TABLE_FREE; reported by Jann Horn",
  fixed: "4.19",
  violations: [
    {
      law: "freed-table-not-walked",
      protocol: "tables-4.15-without-shortcut",
      scope: { cpus: 2, remote: 0 },
      pinned: "interleaving.json",
      repaired: "tables-4.19",
    },
  ],
};
