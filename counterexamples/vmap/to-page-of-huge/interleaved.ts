import type { InterleavedBug } from "../../interleaved.ts";

export const toPageOfHuge: InterleavedBug = {
  id: "to-page-of-huge",
  number: undefined,
  says: "vmalloc_to_page takes a huge entry for a bad one, and finds no page in a vmalloc that is mapped by it.",
  source:
    "c0eb315ad971, Nicholas Piggin, which came with huge vmalloc (121e6f3258fe); an order of ours without it",
  latent: true,
  fixed: "5.13, before it was released",
  violations: [
    {
      law: "pages-reach-their-frames",
      protocol: "levels-7.2-huge-taken-for-bad",
      scope: { cpus: 1, regions: 1, tables: 1, pairs: 2, devices: 0 },
      pinned: "interleaving.json",
      repaired: "levels-7.2",
    },
  ],
};
