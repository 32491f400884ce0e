import type { InterleavedBug } from "../../interleaved.ts";

export const ppcLazyModePreemptible: InterleavedBug = {
  id: "ppc-lazy-mode-preemptible",
  number: undefined,
  says: "Lazy mode is entered where a task may be preempted: it reads the address of its CPU's batch, moves, and makes the batch of the other CPU active. An invalidation there waits in it for ever.",
  source: "b9ef323ea168, powerpc/64s: Disable preemption in hash lazy mmu mode; the window is inferred",
  fixed: "6.2",
  violations: [
    {
      law: "no-hash-entry-left",
      protocol: "hashes-6.1",
      scope: { cpus: 2, tasks: 2, preempts: 1 },
      pinned: "interleaving.json",
      repaired: "hashes-6.2",
    },
  ],
};
