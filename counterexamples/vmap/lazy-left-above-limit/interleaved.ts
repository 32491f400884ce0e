import type { InterleavedBug } from "../interleaved.ts";

export const lazyLeftAboveLimit: InterleavedBug = {
  id: "lazy-left-above-limit",
  number: undefined,
  says: "A free that finds too much lazy only tries the purge lock. If the purge that has it gathered already, what is lazy stays above the limit when all is quiet, until somebody frees again.",
  source: "found here; free_vmap_area_noflush from db64fe02 to 5.17",
  latent: true,
  fixed: "5.18 (690467c81b1a: a worker that is asked again)",
  violations: [
    {
      law: "lazy-bounded",
      protocol: "areas-5.1",
      also: ["areas-2.6.28-rc3", "areas-2.6.28", "areas-2.6.33", "areas-4.10"],
      scope: { cpus: 2, places: 2, lazyMax: 1, caches: 1 },
      pinned: "interleaving.json",
      repaired: "areas-5.18",
    },
  ],
};
