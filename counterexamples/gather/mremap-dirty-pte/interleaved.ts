import type { InterleavedBug } from "../../interleaved.ts";

export const mremapDirtyPte: InterleavedBug = {
  id: "mremap-dirty-pte",
  number: "D8",
  says: "mremap moves a dirty PTE and flushes the old address after it has released the locks. The page is cleaned at its new address meanwhile; a CPU writes through its dirty entry of the old one, and nothing records the write.",
  source: "5d1904204c99, mremap: fix race between mremap() and page cleanning",
  fixed: "4.9",
  violations: [
    {
      law: "no-write-lost",
      protocol: "mremaps-4.8",
      scope: { cpus: 2 },
      pinned: "interleaving.json",
      repaired: "mremaps-4.9",
    },
  ],
};
