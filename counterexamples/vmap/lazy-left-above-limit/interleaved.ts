import type { InterleavedBug } from "../../interleaved.ts";

export const lazyLeftAboveLimit: InterleavedBug = {
  id: "lazy-left-above-limit",
  number: undefined,
  says: "A free above the lazy limit only tries the purge lock. If the purge that holds it has already gathered, the lazy pages stay above the limit when all calls are over, until the next free.",
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
