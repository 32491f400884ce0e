import type { InterleavedBug } from "../interleaved.ts";

export const pinBitLost: InterleavedBug = {
  id: "pin-bit-lost",
  number: undefined,
  says: "One bit a frame says that it may have an alias, and a sweep clears all bits: also that of a frame which was let go after the sweep had gathered.",
  source:
    'linux-kernel, "mm: vmap rewrite", 2008-06-09: "a single bit would suffice"; a policy of ours, not of a kernel',
  latent: true,
  fixed: "a count a frame in place of the bit, taken back after the flush",
  breaks: [
    {
      law: "pinned-is-unaliased",
      protocol: "pins-bit-per-frame",
      scope: { cpus: 2, pages: 2, frames: 2 },
      pinned: "interleaving.json",
      repaired: "pins-count-per-frame",
    },
  ],
};
