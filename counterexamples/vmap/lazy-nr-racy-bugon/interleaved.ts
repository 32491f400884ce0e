import type { InterleavedBug } from "../../interleaved.ts";

export const lazyNrRacyBugon: InterleavedBug = {
  id: "lazy-nr-racy-bugon",
  number: "B1",
  says: "An area is marked lazy before it is counted; a purge in between gathers more than was counted, and reaches its BUG_ON.",
  source: "88f5004430ba, Yongseok Koh",
  fixed: "2.6.33",
  violations: [
    {
      law: "no-bug",
      protocol: "areas-2.6.28",
      also: ["areas-2.6.28-rc3"],
      scope: { cpus: 2, places: 1, lazyMax: 1, caches: 1 },
      pinned: "interleaving.json",
      repaired: "areas-2.6.33",
    },
  ],
};
