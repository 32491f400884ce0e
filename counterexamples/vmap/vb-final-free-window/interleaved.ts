import type { InterleavedBug } from "../../interleaved.ts";

export const vbFinalFreeWindow: InterleavedBug = {
  id: "vb-final-free-window",
  number: "C13",
  says: "The last vb_free of a block makes it full of dirty pages and drops its lock; only later is its area lazy. In between vm_unmap_aliases passes the block, finds nothing lazy, and flushes nothing.",
  source: "read in the source of 6.19 and 7.2; the passing by is ad216c0316ad's",
  latent: true,
  fixed: "not fixed",
  violations: [
    {
      law: "no-alias-after-unmap-aliases",
      protocol: "blocks-6.12",
      also: [
        "blocks-6.5",
        "blocks-6.10",
        "blocks-4.4-walking-all",
        "blocks-6.12-publishing-alone",
        "blocks-6.12-collecting-full",
      ],
      scope: { cpus: 2, blocks: 1, pages: 2 },
      pinned: "interleaving.json",
      repaired: "blocks-6.12-repaired",
    },
  ],
};
