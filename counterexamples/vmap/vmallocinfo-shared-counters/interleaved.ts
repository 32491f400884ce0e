import type { InterleavedBug } from "../../interleaved.ts";

export const vmallocinfoSharedCounters: InterleavedBug = {
  id: "vmallocinfo-shared-counters",
  number: "B22",
  says: "All readers of /proc/vmallocinfo count pages for each NUMA node in one array. Up to 6.8 one lock kept them apart; since each node has a lock, two readers clear and fill it at once, and show numbers that no area had.",
  source: "5c5f0468d172, Jeongjun Park; since 8e1d743f2c26 (6.9). 6.12.117, 7.2.12 and 7.3.4 have it",
  fixed: "6.16",
  violations: [
    {
      law: "shown-existed",
      protocol: "readers-6.9",
      scope: { cpus: 2, areas: 2, pages: 1 },
      pinned: "interleaving.json",
      repaired: "readers-6.16",
    },
  ],
};
