import type { InterleavedBug } from "../../interleaved.ts";

export const tableFreedUnflushed: InterleavedBug = {
  id: "table-freed-unflushed",
  number: undefined,
  says: "A huge entry takes the place of a page table, which is freed while walkers still hold it.",
  source: "5e0fb5df2ee8, Toshi Kani and Chintan Pandya",
  fixed: "4.19",
  violations: [
    {
      law: "no-walker-holds-freed-table",
      protocol: "levels-4.16",
      scope: { cpus: 1, regions: 1, tables: 1, pairs: 2, devices: 0 },
      pinned: "interleaving.json",
      repaired: "levels-4.19",
    },
  ],
};
