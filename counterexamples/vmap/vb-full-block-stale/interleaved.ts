import type { InterleavedBug } from "../../interleaved.ts";

export const vbFullBlockStale: InterleavedBug = {
  id: "vb-full-block-stale",
  number: "C7",
  says: "A block that has given out all its pages is on no list, and vm_unmap_aliases looks only at lists: pages unmapped in such a block are not flushed.",
  source: "fc1e0d980037, Thomas Gleixner; since db64fe02",
  fixed: "6.5",
  violations: [
    {
      law: "no-alias-after-unmap-aliases",
      protocol: "blocks-5.13",
      also: ["blocks-2.6.28", "blocks-2.6.33", "blocks-3.16", "blocks-4.4"],
      scope: { cpus: 2, blocks: 1, pages: 2 },
      pinned: "interleaving.json",
      repaired: "blocks-5.13-repaired",
    },
  ],
};
