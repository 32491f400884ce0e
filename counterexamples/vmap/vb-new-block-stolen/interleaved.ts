import type { InterleavedBug } from "../../interleaved.ts";

export const vbNewBlockStolen: InterleavedBug = {
  id: "vb-new-block-stolen",
  number: "C4",
  says: "A new block is put on the list empty, and its maker searches again: other CPUs may take all its pages first, and it makes one more block, without end.",
  source: "cf725ce274ba, Roman Pen",
  fixed: "4.1",
  violations: [
    {
      law: "map-returns-0",
      protocol: "blocks-3.16",
      also: [
        "blocks-2.6.28",
        "blocks-2.6.28-repaired",
        "blocks-2.6.33",
        "blocks-2.6.33-repaired",
        "blocks-3.16-repaired",
      ],
      scope: { cpus: 2, blocks: 1, pages: 2 },
      pinned: "interleaving.json",
      repaired: "blocks-4.4",
    },
  ],
};
