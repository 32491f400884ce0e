import type { InterleavedBug } from "../../interleaved.ts";

export const halfMadeAreaVfreed: InterleavedBug = {
  id: "half-made-area-vfreed",
  number: undefined,
  says: "An area whose pages cannot be had is freed by vfree, as up to 6.18: a caller that may not wait sleeps there, or queues the area in memory of its own that is not mapped.",
  source: "9c47753167a6 (6.19), which came with the calls that may not wait; an order of ours without it",
  latent: true,
  fixed: "6.19, before it was released",
  violations: [
    {
      law: "queued-in-mapped-memory",
      protocol: "contexts-7.1-vfree-of-half-made",
      scope: { cpus: 1, shadow: 0 },
      pinned: "queued-in-mapped-memory.json",
      repaired: "contexts-7.1",
    },
    {
      law: "sleeps-only-where-it-may",
      protocol: "contexts-7.1-vfree-of-half-made",
      scope: { cpus: 1, shadow: 0 },
      pinned: "sleeps-only-where-it-may.json",
      repaired: "contexts-7.1",
    },
  ],
};
