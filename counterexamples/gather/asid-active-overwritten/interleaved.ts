import type { InterleavedBug } from "../../interleaved.ts";

export const asidActiveOverwritten: InterleavedBug = {
  id: "asid-active-overwritten",
  number: undefined,
  says: "The fast path makes an ASID the active one even after a rollover has taken the active one. The next rollover reserves that old ASID, which another task has by then.",
  source:
    "a8ffaaa060b8, arm64: asid: Do not replace active_asids if already 0; found by model checking in TLA+",
  fixed: "4.16 (version from memory)",
  violations: [
    {
      law: "asid-unique",
      protocol: "asids-4.4",
      also: ["asids-4.4-rc1"],
      scope: { cpus: 2, tasks: 5, asids: 3, generations: 3 },
      pinned: "interleaving.json",
      repaired: "asids-4.16",
    },
    {
      law: "asid-in-use-unique",
      protocol: "asids-4.4",
      also: ["asids-4.4-rc1"],
      scope: { cpus: 2, tasks: 5, asids: 3, generations: 3 },
      pinned: "in-use.json",
      repaired: "asids-4.16",
    },
    {
      law: "no-stale-entry-under-a-live-asid",
      protocol: "asids-4.4",
      also: ["asids-4.4-rc1"],
      scope: { cpus: 2, tasks: 4, asids: 3, generations: 3 },
      pinned: "stale-entry.json",
      repaired: "asids-4.16",
    },
  ],
};
