import type { InterleavedBug } from "../../interleaved.ts";

export const resetPermsInvertedRange: InterleavedBug = {
  id: "reset-perms-inverted-range",
  number: "B9",
  says: "vfree asks for a flush whether or not a page of it was in the direct map; if another CPU purged the area before, the range to flush is empty, from the highest address to 0.",
  source: "31e67340cc65",
  fixed: "5.2",
  violations: [
    {
      law: "flush-well-formed",
      protocol: "reset-perms-5.2-rc3",
      scope: { cpus: 2, areas: 1 },
      pinned: "interleaving.json",
      repaired: "reset-perms-5.2",
    },
  ],
};
