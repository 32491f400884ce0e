import type { InterleavedBug } from "../../interleaved.ts";

export const purgeStarvedByAlloc: InterleavedBug = {
  id: "purge-starved-by-alloc",
  number: "A15",
  says: "The purge drops the lock after each area that it releases, and allocators take and free areas faster than it releases them: the number of lazy pages never falls.",
  source: "68571be99f32, Uladzislau Rezki; since 763b218ddfaf (4.10)",
  fixed: "5.1",
  violations: [
    {
      law: "lazy-comes-down",
      protocol: "areas-4.10",
      scope: { cpus: 2, places: 4, lazyMax: 1, caches: 0 },
      pinned: "interleaving.json",
      repaired: "areas-5.1",
    },
  ],
};
