import type { InterleavedBug } from "../../interleaved.ts";

export const madvFlushMiss: InterleavedBug = {
  id: "madv-flush-miss",
  number: "D6",
  says: "Two zaps on one mm: the first has cleared the PTEs and not yet flushed. The second finds none, flushes nothing and returns to its task, and a CPU still translates the addresses.",
  source: "99baac21e458, mm: fix MADV_[FREE|DONTNEED] TLB flush miss problem; Nadav Amit",
  fixed: "4.13",
  violations: [
    {
      law: "finish-leaves-nothing-stale",
      protocol: "zaps-3.10",
      also: ["zaps-2.6.39", "zaps-3.0"],
      scope: { cpus: 2, tasks: 2, pages: 1, preempts: 1 },
      pinned: "interleaving.json",
      repaired: "zaps-4.15",
    },
  ],
};
