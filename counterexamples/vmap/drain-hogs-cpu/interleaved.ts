import type { InterleavedBug } from "../../interleaved.ts";

export const drainHogsCpu: InterleavedBug = {
  id: "drain-hogs-cpu",
  number: "B17",
  says: "The work that purges runs on a CPU's own queue and releases all areas without a pause: other work of that CPU waits for all of them.",
  source:
    'Li RongQing, "mm/vmalloc: use unbound workqueue for vmap area draining", 2026-03-18; since 690467c81b1a (5.18), and at once since 72210662c5a2 (6.9)',
  fixed: 'not fixed in 7.3.4; "mm/vmalloc: use dedicated unbound workqueues for vmap drain", 2026-03-31',
  violations: [
    {
      law: "others-get-the-cpu",
      protocol: "waits-6.9",
      also: ["waits-7.1", "waits-7.1-trying"],
      scope: { cpus: 1, areas: 2, most: 1, workers: 1, memory: 1, other: 1 },
      pinned: "interleaving.json",
      repaired: "waits-7.1-two-queues",
    },
  ],
};
