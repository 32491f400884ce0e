import type { InterleavedBug } from "../../interleaved.ts";

export const tableFreedUnderPtdump: InterleavedBug = {
  id: "table-freed-under-ptdump",
  number: undefined,
  says: "ptdump has read an entry and is about to read the table there, when a huge entry takes its place and the table is freed.",
  source:
    '"mm/vmalloc: acquire init_mm lock on huge vmap to avoid ptdump UAF", Lorenzo Stoakes, 2026-07-14 (syzbot fd95a72470f5a44e464c)',
  fixed: "7.2 (6.1.192, 6.12.117, or earlier)",
  violations: [
    {
      law: "no-walker-holds-freed-table",
      protocol: "levels-4.19",
      also: ["levels-5.8", "levels-5.13", "levels-6.3", "levels-6.11", "levels-6.14", "levels-6.19"],
      scope: { cpus: 2, regions: 1, tables: 1, pairs: 2, devices: 0 },
      pinned: "interleaving.json",
      repaired: "levels-7.2",
    },
  ],
};
