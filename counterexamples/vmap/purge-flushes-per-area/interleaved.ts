import type { InterleavedBug } from "../../interleaved.ts";

export const purgeFlushesPerArea: InterleavedBug = {
  id: "purge-flushes-per-area",
  number: "B13",
  says: "With KASAN, a purge empties the shadow of each area that it releases and flushes every TLB for each.",
  source: "9e9e085effe9 (Adrian Huang, 2024-07-26, Fixes 282631cb2447); it was so since 3c5c3cfb9ef4 (5.5)",
  fixed: "6.13, and what was left of it in 2026 (5747435e0fd4)",
  violations: [
    {
      law: "table-flushed-once",
      protocol: "kasan-6.9",
      also: ["kasan-5.5-rc1", "kasan-5.5"],
      scope: { cpus: 1, places: 2, sharing: 1 },
      pinned: "interleaving.json",
      repaired: "kasan-6.13",
    },
  ],
};
