import type { InterleavedBug } from "../../interleaved.ts";

export const drainWaitsForOwnRescuer: InterleavedBug = {
  id: "drain-waits-for-own-rescuer",
  number: undefined,
  says: "One queue with a rescuer for the work that purges and for its helpers: the rescuer runs the purge, which waits for a helper, which waits for the rescuer.",
  source:
    'Uladzislau Rezki, "mm/vmalloc: Use dedicated unbound workqueue for vmap purge/drain", 2026-03-30, first and second version; the third (2026-03-31) has two queues for this reason',
  fixed: "never merged",
  violations: [
    {
      law: "no-circular-wait",
      protocol: "waits-7.1-one-queue",
      scope: { cpus: 1, areas: 1, most: 1, workers: 1, memory: 0, other: 0 },
      pinned: "interleaving.json",
      repaired: "waits-7.1-two-queues",
    },
  ],
};
