import type { InterleavedBug } from "../../interleaved.ts";

export const vmallocInSoftirq: InterleavedBug = {
  id: "vmalloc-in-softirq",
  number: undefined,
  says: "From 04aa71da5f35 on no assertion refuses a vmalloc in a softirq, and its locks leave bottom halves on: a softirq that interrupts a process which holds one waits for that process, which cannot run.",
  source:
    "read in 7.2 and 7.3: BUG_ON(in_nmi() || in_hardirq()), and spin_lock of free_vmap_area_lock and of a node's; the documentation says that it cannot be called from interrupts",
  latent: true,
  fixed: "not fixed: spin_lock_bh, or an assertion that no softirq is served, would",
  violations: [
    {
      law: "locks-survive-interrupts",
      protocol: "contexts-7.1-called-in-softirqs",
      scope: { cpus: 1, shadow: 0 },
      pinned: "interleaving.json",
      repaired: "contexts-7.1-called-in-softirqs-locking-bh",
    },
  ],
};
