import type { InterleavedBug } from "../../interleaved.ts";

export const vaRetriesForEver: InterleavedBug = {
  id: "va-retries-for-ever",
  number: undefined,
  says: "The price of a repair of va-retry-once: an allocation that searches under the purge lock until nothing is lazy may purge again and again, while others take what it released.",
  source: "found here; an order of ours, not of a kernel",
  latent: true,
  fixed: "where an allocation searches just once more",
  violations: [
    {
      law: "allocation-returns-0",
      protocol: "areas-5.18-searching-under-lock",
      scope: { cpus: 2, places: 2, lazyMax: 1, caches: 0 },
      pinned: "interleaving.json",
      repaired: "areas-5.18",
    },
  ],
};
