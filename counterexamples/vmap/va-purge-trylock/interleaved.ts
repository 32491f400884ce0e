import type { InterleavedBug } from "../../interleaved.ts";

export const vaPurgeTrylock: InterleavedBug = {
  id: "va-purge-trylock",
  number: "A3",
  says: "An allocation that finds nothing free only tries the purge lock: if another CPU is purging, it gives up, although it would fit in what that CPU is about to release.",
  source: '"mm: vmalloc failure flush fix", Nick Piggin, 2008-11-08',
  fixed: "2.6.28",
  violations: [
    {
      law: "refused-only-when-full",
      protocol: "areas-2.6.28-rc3",
      scope: { cpus: 2, places: 1, lazyMax: 1, caches: 1 },
      pinned: "interleaving.json",
      repaired: "areas-2.6.33",
    },
  ],
};
