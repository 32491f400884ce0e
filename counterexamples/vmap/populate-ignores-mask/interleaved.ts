import type { InterleavedBug } from "../../interleaved.ts";

export const populateIgnoresMask: InterleavedBug = {
  id: "populate-ignores-mask",
  number: undefined,
  says: "kasan_populate_vmalloc allocates shadow pages with GFP_KERNEL, whatever its caller's mask: a filesystem that holds a lock and asks with GFP_NOFS is entered by its own reclaim.",
  source:
    "79357cd06d41 (CVE-2025-39910), Uladzislau Rezki; since 451769ebb7e7 (5.17), which lets vmalloc be called with GFP_NOFS",
  fixed: "6.17",
  violations: [
    {
      law: "no-circular-wait",
      protocol: "waits-6.9-ignoring-mask",
      scope: { cpus: 1, areas: 1, most: 1, workers: 1, memory: 1, other: 0, filesystem: 1 },
      pinned: "interleaving.json",
      repaired: "waits-6.9",
    },
  ],
};
