import type { InterleavedBug } from "../../interleaved.ts";

export const shadowRace: InterleavedBug = {
  id: "shadow-race",
  number: "B19",
  says: "Two areas share a page of shadow. A purge has seen that no area is live there, and which page it is, before it takes the lock: it clears the entry of an area that was made meanwhile.",
  source:
    '"mm/kasan: fix vmalloc shadow memory (de-)population races", Alexander Gordeev, 2025-08-18: entries are tested and read outside the lock; an order of ours, as no release both empties what neighbours share and holds no lock',
  latent: true,
  fixed: "6.17 reads under the lock; from 6.9 on a purge leaves what areas share",
  violations: [
    {
      law: "entry-is-its-owners",
      protocol: "kasan-5.5-without-lock",
      scope: { cpus: 2, places: 2, sharing: 2 },
      pinned: "entry-is-its-owners.json",
      repaired: "kasan-5.5-flushing-once",
    },
    {
      law: "touch-finds-entry",
      protocol: "kasan-5.5-without-lock",
      scope: { cpus: 2, places: 2, sharing: 2 },
      pinned: "touch-finds-entry.json",
      repaired: "kasan-5.5-flushing-once",
    },
  ],
};
