import type { InterleavedBug } from "../../interleaved.ts";

export const ppcHashDuplicate: InterleavedBug = {
  id: "ppc-hash-duplicate",
  number: "D18",
  says: "The lock of a cleared PTE is released before its hash entry is invalidated. The PTE is set again, and a second entry for the address goes into the hash table.",
  source:
    "the rule of the preemptible mmu_gather series (linux-mm 20110307172206.557810970); a mutant, or a lock made preemptible",
  fixed: "never released",
  violations: [
    {
      law: "one-hash-entry",
      protocol: "hashes-2.6.28-unlocking-first",
      scope: { cpus: 2, tasks: 2, preempts: 1 },
      pinned: "interleaving.json",
      repaired: "hashes-2.6.28",
    },
    {
      law: "no-hash-entry-left",
      protocol: "hashes-2.6.28-preemptible",
      scope: { cpus: 2, tasks: 2, preempts: 1 },
      pinned: "preempted.json",
      repaired: "hashes-2.6.28",
    },
  ],
};
