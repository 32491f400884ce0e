import type { InterleavedBug } from "../../interleaved.ts";

export const anonVmaWithoutReference: InterleavedBug = {
  id: "anon-vma-without-reference",
  number: undefined,
  says: "A walk that sleeps, and compaction and KSM, which come back late, need a reference to the anon_vma: RCU ends meanwhile, and its memory may be of another kind.",
  source: "inferred: why the series of April 2010 counts references",
  fixed: "never released",
  violations: [
    {
      law: "no-use-after-free",
      protocol: "anon-vma-3.0-migrating-without-reference",
      scope: { cpus: 2 },
      pinned: "interleaving.json",
      repaired: "anon-vma-3.0",
    },
    {
      law: "no-use-after-free",
      protocol: "anon-vma-2.6.36-mutex-without-reference",
      scope: { cpus: 2 },
      pinned: "asleep.json",
      repaired: "anon-vma-3.0",
    },
    {
      law: "unlocks-what-it-locked",
      protocol: "anon-vma-2.6.36-mutex-without-reference",
      scope: { cpus: 2 },
      pinned: "another-lock.json",
      repaired: "anon-vma-3.0",
    },
  ],
};
