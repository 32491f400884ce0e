import type { InterleavedBug } from "../../interleaved.ts";

export const tlbFastMode: InterleavedBug = {
  id: "tlb-fast-mode",
  number: "D1",
  says: "On one CPU pages are freed at once and the TLB is flushed at the end. Since gathers may be preempted, another task of the mm runs in between, and reaches a freed page through the TLB.",
  source: "29eb77825cc7, arch, mm: Remove tlb_fast_mode(); reported by Max Filippov",
  fixed: "3.10",
  violations: [
    {
      law: "freed-not-reached",
      protocol: "zaps-3.0",
      scope: { cpus: 1, tasks: 2, pages: 1, preempts: 1 },
      pinned: "interleaving.json",
      repaired: "zaps-3.10",
    },
  ],
};
