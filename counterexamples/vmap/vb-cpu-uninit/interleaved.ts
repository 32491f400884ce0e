import type { InterleavedBug } from "../../interleaved.ts";

export const vbCpuUninit: InterleavedBug = {
  id: "vb-cpu-uninit",
  number: "C11",
  says: "A new block can be found in the index before its CPU is written to it.",
  source: "3e3de7947c75, Will Deacon",
  fixed: "6.11",
  violations: [
    {
      law: "published-is-initialised",
      protocol: "locks-6.10",
      scope: { cpus: 2, blocks: 1, pages: 2 },
      pinned: "interleaving.json",
      repaired: "locks-6.11",
    },
  ],
};
