import type { InterleavedBug } from "../../interleaved.ts";

export const takeAllWithoutPreemption: InterleavedBug = {
  id: "take-all-without-preemption",
  number: undefined,
  says: "mm_take_all_locks holds a spinlock for each mapping and each anon_vma, so preemption is off for a time that the user decides, and the preempt count may overflow.",
  source: "the thread of April 2010; Avi Kivity's patch of 1 April 2010 (lkml 1004.0/00121)",
  fixed: "3.0: mutexes",
  violations: [
    {
      law: "few-locks-without-preemption",
      protocol: "take-all-2.6.27",
      also: ["take-all-2.6.27-rc1"],
      scope: { cpus: 2, mappings: 2 },
      pinned: "interleaving.json",
      repaired: "take-all-3.0",
    },
    {
      law: "few-locks-without-preemption",
      protocol: "take-all-2.6.27-half-converted",
      scope: { cpus: 2, mappings: 3 },
      pinned: "half-converted.json",
      repaired: "take-all-3.0",
    },
  ],
};
