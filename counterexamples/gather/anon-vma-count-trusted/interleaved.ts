import type { InterleavedBug } from "../../interleaved.ts";

export const anonVmaCountTrusted: InterleavedBug = {
  id: "anon-vma-count-trusted",
  number: undefined,
  says: "With mutexes a walk takes an anon_vma whose count is not 0 for its own. It was allocated again in between, and its root changes under the walk.",
  source: "eee0f252c653, mm: fix page_lock_anon_vma leaving mutex locked; Hugh Dickins",
  fixed: "3.0 before its release",
  violations: [
    {
      law: "unlocks-what-it-locked",
      protocol: "anon-vma-3.0-rc2",
      scope: { cpus: 2 },
      pinned: "interleaving.json",
      repaired: "anon-vma-3.0",
    },
    {
      law: "no-use-after-free",
      protocol: "anon-vma-3.0-rc2",
      scope: { cpus: 2 },
      pinned: "freed-again.json",
      repaired: "anon-vma-3.0",
    },
  ],
};
