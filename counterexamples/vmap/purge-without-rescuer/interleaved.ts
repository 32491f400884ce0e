import type { InterleavedBug } from "../../interleaved.ts";

export const purgeWithoutRescuer: InterleavedBug = {
  id: "purge-without-rescuer",
  number: undefined,
  says: "A purge waits for work on the system's queue, which has no rescuer. If no worker is idle and there is no memory for another, the purge and all that wait for its lock wait for as long as memory is short.",
  source: "the same thread, which asks for WQ_MEM_RECLAIM; found by exploring since 72210662c5a2 (6.9)",
  fixed: 'not fixed in 7.3.4; "mm/vmalloc: use dedicated unbound workqueues for vmap drain", 2026-03-31',
  violations: [
    {
      law: "purge-ends-0",
      protocol: "waits-6.9",
      also: ["waits-7.1", "waits-7.1-trying", "waits-7.1-one-queue"],
      scope: { cpus: 1, areas: 1, most: 1, workers: 1, memory: 0, other: 0 },
      pinned: "interleaving.json",
      repaired: "waits-7.1-two-queues",
    },
  ],
};
