import type { InterleavedBug } from "../../interleaved.ts";

export const iounmapOverwritesLazyNr: InterleavedBug = {
  id: "iounmap-overwrites-lazy-nr",
  number: "B3",
  says: "set_iounmap_nonlazy overwrites the counter of lazy pages and loses its value: a worker that purges while the counter exceeds the limit never ends.",
  source: "c12cd77cb028, Omar Sandoval; since 3ee48b6af49c (2.6.37), with 690467c81b1a",
  fixed: "5.18",
  violations: [
    {
      law: "lazy-count",
      protocol: "areas-5.18-rc1",
      scope: { cpus: 2, places: 2, lazyMax: 1, caches: 0 },
      pinned: "lazy-count.json",
      repaired: "areas-5.18",
    },
    {
      law: "nothing-lazy-nothing-purged-0",
      protocol: "areas-5.18-rc1",
      scope: { cpus: 2, places: 2, lazyMax: 1, caches: 0 },
      pinned: "nothing-lazy-nothing-purged.json",
      repaired: "areas-5.18",
    },
    {
      law: "lazy-comes-down",
      protocol: "areas-5.18-rc1",
      scope: { cpus: 2, places: 2, lazyMax: 1, caches: 0 },
      pinned: "lazy-comes-down.json",
      repaired: "areas-5.18",
    },
  ],
};
