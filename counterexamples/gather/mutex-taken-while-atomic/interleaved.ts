import type { InterleavedBug } from "../../interleaved.ts";

export const mutexTakenWhileAtomic: InterleavedBug = {
  id: "mutex-taken-while-atomic",
  number: undefined,
  says: "A lock of the rmap is a mutex where the caller may not sleep: it holds another that is a spinlock still, or is in an RCU read section.",
  source:
    "a mutant; page_lock_anon_vma in a straight conversion of April 2010, without the references of its series",
  fixed: "never released",
  violations: [
    {
      law: "no-sleep-while-atomic",
      protocol: "take-all-2.6.27-rc1-half-converted",
      scope: { cpus: 2, mappings: 2 },
      pinned: "interleaving.json",
      repaired: "take-all-2.6.27-half-converted",
    },
    {
      law: "no-sleep-while-atomic",
      protocol: "anon-vma-2.6.36-mutex",
      scope: { cpus: 2 },
      pinned: "under-rcu.json",
      repaired: "anon-vma-3.0",
    },
  ],
};
