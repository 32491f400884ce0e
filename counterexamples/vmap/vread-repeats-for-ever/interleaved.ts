import type { InterleavedBug } from "../../interleaved.ts";

export const vreadRepeatsForEver: InterleavedBug = {
  id: "vread-repeats-for-ever",
  number: undefined,
  says: "vread_iter notes the lowest area of all nodes, each under its lock, and locks that node again. If the area is gone it begins again at the same address: a CPU that allocates and frees there keeps it from ever returning. Each time takes an allocation, a free and a purge between two locks; so it is a delay rather than a hang.",
  source:
    "found here; find_vmap_area_exceed_addr_lock, 53becf32aec1 (6.9), as read in 6.12.117, 7.2.12 and 7.3.4",
  latent: true,
  fixed: "not fixed in 7.3.4; an order of ours continues behind the area that is gone",
  violations: [
    {
      law: "read-ends-0",
      protocol: "readers-6.9",
      also: ["readers-6.16"],
      scope: { cpus: 2, areas: 1, pages: 1 },
      pinned: "interleaving.json",
      repaired: "readers-6.16-moving-on",
    },
  ],
};
