import type { InterleavedBug } from "../../interleaved.ts";

export const vbPurgedVaUaf: InterleavedBug = {
  id: "vb-purged-va-uaf",
  number: "C6",
  says: "A purge frees the area of a block at once, while a walk under RCU may still be at the block and read its address.",
  source: "ad216c0316ad, Vijayanand Jitta; since areas are not freed by RCU, 68ad4a330433 (5.2)",
  fixed: "5.13",
  violations: [
    {
      law: "no-use-after-free",
      protocol: "walks-5.2",
      scope: { cpus: 2, blocks: 1, pages: 2 },
      pinned: "interleaving.json",
      repaired: "walks-5.13",
    },
  ],
};
