import type { InterleavedBug } from "../../interleaved.ts";

export const asidReservedLeftBehind: InterleavedBug = {
  id: "asid-reserved-left-behind",
  number: undefined,
  says: "A task keeps its reserved ASID in a new generation, but the CPU that reserved it keeps the old generation. After another rollover the task is not recognised, and gets a new ASID while that CPU still runs it under the old one.",
  source: "0ebea8088095, arm64: mm: keep reserved ASIDs in sync with mm after multiple rollovers",
  fixed: "4.4 (version from memory)",
  violations: [
    {
      law: "asid-of-the-task",
      protocol: "asids-4.4-rc1",
      scope: { cpus: 2, tasks: 4, asids: 3, generations: 4 },
      pinned: "interleaving.json",
      repaired: "asids-4.4",
    },
  ],
};
