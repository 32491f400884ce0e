import type { InterleavedBug } from "../../interleaved.ts";

export const anonVmaRootReused: InterleavedBug = {
  id: "anon-vma-root-reused",
  number: undefined,
  says: "A walk takes the lock of anon_vma->root. The anon_vma is freed and used again under another root; the walk releases that root's lock, and the first stays locked.",
  source: "f18194275c39, mm: fix hang on anon_vma->root->lock; Hugh Dickins",
  fixed: "2.6.36",
  violations: [
    {
      law: "unlocks-what-it-locked",
      protocol: "anon-vma-2.6.35",
      scope: { cpus: 2 },
      pinned: "interleaving.json",
      repaired: "anon-vma-2.6.36",
    },
  ],
};
