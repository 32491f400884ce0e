import type { InterleavedBug } from "../../interleaved.ts";

export const quicklistUnderLocklessWalk: InterleavedBug = {
  id: "quicklist-under-lockless-walk",
  number: undefined,
  says: "A page table goes to the quicklist of its CPU at once, and is used again while a TSB miss on another CPU walks it.",
  source: "inferred from David Miller's move of sparc64 from quicklists to RCU, in the thread of April 2010",
  fixed: "3.0",
  violations: [
    {
      law: "freed-table-not-walked",
      protocol: "tables-2.6.33-sparc",
      scope: { cpus: 2, remote: 0 },
      pinned: "interleaving.json",
      repaired: "tables-3.0-sparc",
    },
  ],
};
