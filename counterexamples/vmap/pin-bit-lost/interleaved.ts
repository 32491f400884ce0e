import type { InterleavedBug } from "../../interleaved.ts";

export const pinBitLost: InterleavedBug = {
  id: "pin-bit-lost",
  number: undefined,
  says: "One bit for each frame says that it may have an alias. A sweep clears all bits, also the bit of a frame that was freed after the sweep had gathered.",
  source:
    'linux-kernel, "mm: vmap rewrite", 2008-06-09: "a single bit would suffice"; a policy of ours, not of a kernel',
  latent: true,
  fixed: "a count a frame in place of the bit, taken back after the flush",
  violations: [
    {
      law: "pinned-is-unaliased",
      protocol: "pins-bit-per-frame",
      scope: { cpus: 2, pages: 2, frames: 2 },
      pinned: "interleaving.json",
      repaired: "pins-count-per-frame",
    },
  ],
};
