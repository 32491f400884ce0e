import type { InterleavedBug } from "../../interleaved.ts";

export const collapseLazyCpu: InterleavedBug = {
  id: "collapse-lazy-cpu",
  number: "D17",
  says: "A collapse frees a page table, but its flush does not say so. Lazy CPUs are passed over, and go through their cached entry into the freed table.",
  source: "3ef938c35035, x86/mm: Fix flush_tlb_range() when used for zapping normal PMDs; Jann Horn",
  fixed: "6.15",
  violations: [
    {
      law: "freed-table-not-walked",
      protocol: "tables-6.14-collapse",
      scope: { cpus: 2, remote: 0 },
      pinned: "interleaving.json",
      repaired: "tables-6.15-collapse",
    },
  ],
};
