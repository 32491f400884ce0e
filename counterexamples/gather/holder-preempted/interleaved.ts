import type { InterleavedBug } from "../../interleaved.ts";

export const holderPreempted: InterleavedBug = {
  id: "holder-preempted",
  number: undefined,
  says: "The holder of a lock is preempted, and a waiter spins on its CPU with preemption off. The holder never runs again.",
  source:
    "inferred: why a spinlock disables preemption, and why a mutex spins only while its holder runs (0d66bf6d3514, mutex: implement adaptive spinning)",
  fixed: "never released",
  violations: [
    {
      law: "holder-releases-0",
      protocol: "holders-spinlock-preemptible",
      scope: { cpus: 1, tasks: 2 },
      pinned: "interleaving.json",
      repaired: "holders-spinlock",
    },
    {
      law: "task-gets-a-cpu-0",
      protocol: "holders-spinlock-preemptible",
      scope: { cpus: 1, tasks: 2 },
      pinned: "waits-for-a-cpu.json",
      repaired: "holders-mutex-adaptive",
    },
  ],
};
