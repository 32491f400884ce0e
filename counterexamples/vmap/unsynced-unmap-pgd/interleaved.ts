import type { InterleavedBug } from "../../interleaved.ts";

export const unsyncedUnmapPgd: InterleavedBug = {
  id: "unsynced-unmap-pgd",
  number: "B7",
  says: "An address is unmapped in one page table, and the others keep their copy of its entry: after a new map a CPU still reaches the old frame by this address.",
  source: "3f8fd02b1bf1, Joerg Roedel",
  fixed: "5.3",
  violations: [
    {
      law: "no-stale-translation",
      protocol: "roots-5.2",
      also: ["roots-5.3-flushing-first"],
      scope: { cpus: 1, roots: 1, addresses: 1, frames: 2 },
      pinned: "interleaving.json",
      repaired: "roots-5.3",
    },
  ],
};
