import type { InterleavedBug } from "../../interleaved.ts";

export const rcuIgnoresIrqsOff: InterleavedBug = {
  id: "rcu-ignores-irqs-off",
  number: undefined,
  says: "Walks of page tables only disable interrupts. An RCU whose grace periods are not driven by interrupts does not wait for them.",
  source:
    "the doubt of Peter Zijlstra and Paul McKenney in the thread of April 2010; no release had such an RCU",
  fixed: "never released",
  violations: [
    {
      law: "freed-table-not-walked",
      protocol: "tables-3.0-irq-blind",
      scope: { cpus: 2, remote: 0 },
      pinned: "interleaving.json",
      repaired: "tables-3.0-sparc",
    },
  ],
};
