import type { InterleavedBug } from "../../interleaved.ts";

export const tablesUnderHuge: InterleavedBug = {
  id: "tables-under-huge",
  number: "B29",
  says: "ioremap writes a huge entry over a page table whose entries were all cleared before: the table is lost, and walkers that hold it reach nothing.",
  source: "b6bdb7517c3d, 28ee90fe6048 (x86), ec28bb9c9b08 (arm64)",
  fixed: "4.16 (x86), 4.19 (arm64)",
  violations: [
    {
      law: "tables-are-reached",
      protocol: "levels-4.1",
      scope: { cpus: 1, regions: 1, tables: 1, pairs: 2, devices: 0 },
      pinned: "interleaving.json",
      repaired: "levels-4.19",
    },
  ],
};
