import type { InterleavedBug } from "../../interleaved.ts";

export const pinFromUnsweptStock: InterleavedBug = {
  id: "pin-from-unswept-stock",
  number: undefined,
  says: "A frame is put into the stock of unaliased frames before the sweep that removes its aliases has ended: another CPU pins it at once.",
  source:
    'linux-kernel, "mm: vmap rewrite", 2008-06-09: the stock, "like the quicklists"; a policy of ours, not of a kernel',
  latent: true,
  fixed: "frames join the stock after the sweep",
  violations: [
    {
      law: "pinned-is-unaliased",
      protocol: "pins-stocked-before-sweep",
      scope: { cpus: 2, pages: 2, frames: 2 },
      pinned: "interleaving.json",
      repaired: "pins-stocked-after-sweep",
    },
  ],
};
