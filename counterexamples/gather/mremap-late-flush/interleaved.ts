import type { InterleavedBug } from "../../interleaved.ts";

export const mremapLateFlush: InterleavedBug = {
  id: "mremap-late-flush",
  number: "D9",
  says: "mremap flushes the old address after it has released the page table locks. Truncation frees the page at its new address meanwhile, and a CPU reaches it through the old one.",
  source: "eb66ae030829, mremap: properly flush TLB before releasing the page; reported by Jann Horn",
  fixed: "4.19",
  violations: [
    {
      law: "freed-not-reached",
      protocol: "mremaps-4.9",
      also: ["mremaps-4.8"],
      scope: { cpus: 2 },
      pinned: "interleaving.json",
      repaired: "mremaps-4.19",
    },
  ],
};
