import type { InterleavedBug } from "../../interleaved.ts";

export const spinningKeepsTheCpu: InterleavedBug = {
  id: "spinning-keeps-the-cpu",
  number: undefined,
  says: "A task that spins for a lock keeps its CPU: a task that wants to run there waits as long. One that sleeps for a mutex gives it away.",
  source: "the thread of April 2010; inferred",
  fixed: "mutexes",
  violations: [
    {
      law: "other-task-runs-0",
      protocol: "waiting-spinlock",
      scope: { cpus: 2 },
      pinned: "interleaving.json",
      repaired: "waiting-mutex",
    },
  ],
};
