import type { InterleavedBug } from "../../interleaved.ts";

export const lazyMmuLeftOn: InterleavedBug = {
  id: "lazy-mmu-left-on",
  number: "B21",
  says: "Where a PTE cannot be set, vmap_pages_pte_range returns an error and stays in lazy MMU mode; the call then frees what it had, which may sleep.",
  source: "fea18c686320, Alexander Gordeev; reported by Dan Carpenter",
  fixed: "6.16",
  violations: [
    {
      law: "sleeps-only-where-it-may",
      protocol: "contexts-6.16-rc1",
      scope: { cpus: 1, shadow: 0 },
      pinned: "interleaving.json",
      repaired: "contexts-6.16",
    },
  ],
};
