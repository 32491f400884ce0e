import type { InterleavedBug } from "../../interleaved.ts";

export const pinSkipsPendingFlush: InterleavedBug = {
  id: "pin-skips-pending-flush",
  number: undefined,
  says: "A pin reads vmap_lazy_nr first. Up to 4.9 a purge decrements it when it gathers, before it flushes: a pin in between sees nothing outstanding.",
  source:
    'linux-kernel, "mm: vmap rewrite", 2008-06-09: "Can it be fast-pathed if there are no outstanding aliases?"; a policy of ours, not of a kernel',
  latent: true,
  fixed: "with the counter of 4.10, taken back after the flush",
  violations: [
    {
      law: "pinned-is-unaliased",
      protocol: "pins-if-outstanding",
      scope: { cpus: 2, pages: 2, frames: 2 },
      pinned: "interleaving.json",
      repaired: "pins-if-outstanding-counted-till-released",
    },
  ],
};
