import type { InterleavedBug } from "../../interleaved.ts";

export const dumpReadsFreed: InterleavedBug = {
  id: "dump-reads-freed",
  number: undefined,
  says: "vmalloc_dump_obj looks an address up and reads the area after it has unlocked: a purge may have freed it. The same is true of find_vm_area for a caller that does not hold the area.",
  source: "0818e739b5c0, Zqiang; since 98f180837a89 (5.12)",
  fixed: "6.6",
  violations: [
    {
      law: "no-use-after-free",
      protocol: "readers-6.5",
      scope: { cpus: 2, areas: 1, pages: 1 },
      pinned: "interleaving.json",
      repaired: "readers-6.6",
    },
  ],
};
