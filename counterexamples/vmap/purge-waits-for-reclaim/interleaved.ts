import type { InterleavedBug } from "../../interleaved.ts";

export const purgeWaitsForReclaim: InterleavedBug = {
  id: "purge-waits-for-reclaim",
  number: "B15",
  says: "The shrinker sleeps on the purge lock. A purge holds that lock while it waits for helper work; the work needs a worker, the worker is made by a thread that needs memory, and reclaim for that thread calls the shrinker.",
  source:
    "6c06fec56a63d, Ye Liu, 2026-08-28 (akpm's tree); since ec05f51f1e65. Read in 6.12.117, 7.2.12 and 7.3.4, which have it",
  fixed: "not fixed in 7.3.4",
  violations: [
    {
      law: "no-circular-wait",
      protocol: "waits-7.1",
      scope: { cpus: 1, areas: 1, most: 1, workers: 1, memory: 1, other: 0 },
      pinned: "interleaving.json",
      repaired: "waits-7.1-trying",
    },
  ],
};
