import type { InterleavedBug } from "../../interleaved.ts";

export const nofailMeetsItsOwnPtes: InterleavedBug = {
  id: "nofail-meets-its-own-ptes",
  number: undefined,
  says: "From 5.17 on a vmalloc with __GFP_NOFAIL maps again what failed, from its first page, and unmaps nothing: if a second page table could not be had, it meets the PTEs that it set itself, warns, and tries again for ever.",
  source:
    "the loop of 9376130c390a around vmap_pages_range, run on the code of 6.1.192, 6.12.117, 7.2.12 and 7.3.4: each allocation of a call failing in turn",
  latent: true,
  fixed: "not fixed: vunmap_range_noflush before it tries again would",
  violations: [
    {
      law: "nofail-is-served",
      protocol: "contexts-7.1-mapping-two-tables",
      scope: { cpus: 1, shadow: 0 },
      pinned: "interleaving.json",
      repaired: "contexts-7.1-unmapping-before-it-tries-again",
    },
  ],
};
