import type { InterleavedBug } from "../../interleaved.ts";

export const mmUsersShortcutRemoteWalk: InterleavedBug = {
  id: "mm-users-shortcut-remote-walk",
  number: undefined,
  says: "With mm_users below 2 a page table is freed at once. Yet another CPU walks it for the mm without using the mm: the faults of Cell's SPEs.",
  source:
    "Benjamin Herrenschmidt in the thread of the preemptible mmu_gather, April 2010: this mm_users optimisation may be bogus",
  fixed: "4.19, with the shortcut",
  violations: [
    {
      law: "freed-table-not-walked",
      protocol: "tables-2.6.28-powerpc",
      also: ["tables-3.0-powerpc"],
      scope: { cpus: 2, remote: 1 },
      pinned: "interleaving.json",
      repaired: "tables-3.0-sparc",
    },
  ],
};
