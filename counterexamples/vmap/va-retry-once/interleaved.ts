import type { InterleavedBug } from "../../interleaved.ts";

export const vaRetryOnce: InterleavedBug = {
  id: "va-retry-once",
  number: undefined,
  says: "An allocation that finds nothing purges once and searches once more. Another CPU may free an area and then take what was purged: the allocation is refused, although at no moment every place was busy.",
  source: "found here; alloc_vmap_area from db64fe02 on",
  latent: true,
  fixed: "not fixed",
  violations: [
    {
      law: "refused-only-when-full",
      protocol: "areas-5.18",
      also: [
        "areas-2.6.28-rc3",
        "areas-2.6.28",
        "areas-2.6.33",
        "areas-4.10",
        "areas-5.1",
        "areas-5.18-rc1",
        "areas-6.12",
      ],
      scope: { cpus: 2, places: 2, lazyMax: 1, caches: 1 },
      pinned: "interleaving.json",
      repaired: "areas-5.18-searching-under-lock",
    },
  ],
};
