import type { InterleavedBug } from "../../interleaved.ts";

export const waiterStarves: InterleavedBug = {
  id: "waiter-starves",
  number: undefined,
  says: "A lock that is given to any waiter may pass one over for ever.",
  source: "weak fairness; inferred",
  fixed: "ticket spinlocks, mutexes with handoff",
  violations: [
    {
      law: "waiter-gets-the-lock-0",
      protocol: "waiting-spinlock",
      also: ["waiting-mutex"],
      scope: { cpus: 2 },
      pinned: "interleaving.json",
      repaired: "waiting-ticket-spinlock",
    },
  ],
};
