import type { InterleavedBug } from "../interleaved.ts";

export const purgeKeepsCpu: InterleavedBug = {
  id: "purge-keeps-cpu",
  number: undefined,
  says: "With KASAN a purge releases the shadow of all areas of a node without a pause, and flushes for each up to 6.11: a soft lockup, and a stall of RCU.",
  source:
    "5747435e0fd4 (CVE-2026-43292), and Adrian Huang's fix of 2024-07 before it; since 282631cb2447 (6.9). 6.12.117, 7.2.12 and 7.3.4 pause after 32 areas",
  fixed: "before 7.2.12; 6.12.117",
  violations: [
    {
      law: "others-get-the-cpu",
      protocol: "shadow-6.9",
      scope: { cpus: 2, areas: 3, most: 1 },
      pinned: "interleaving.json",
      repaired: "shadow-6.12.117",
    },
  ],
};
