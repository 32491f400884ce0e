import type { GatherTerms } from "../../../spec/gather/terms.ts";
import type { Bug } from "../../../spec/wing.ts";
import { changed, released } from "../changed.ts";

export const rcuIgnoresIrqsOff: Bug<GatherTerms> = {
  id: "rcu-ignores-irqs-off",
  number: undefined,
  says: "A grace period that does not wait for code with interrupts off ends while a lockless walker is in the table.",
  source:
    "Peter Zijlstra, 2010-04-08: RCU need not be driven from an interrupt; call_rcu_sched in 26723911269b; planted in 4.19",
  latent: true,
  fixed: "never released",
  changed: changed("4.19", "rcu-ignores-irqs-off", { steps: { graceEnds: () => true } }),
  violations: [
    {
      law: "table-after-walkers",
      on: ["rcu-ignores-irqs-off"],
      pinned: "table-after-walkers.json",
      repaired: released("4.19"),
    },
  ],
  explains: () => true,
};
