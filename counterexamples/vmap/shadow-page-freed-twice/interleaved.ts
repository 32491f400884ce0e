import type { InterleavedBug } from "../interleaved.ts";

export const shadowPageFreedTwice: InterleavedBug = {
  id: "shadow-page-freed-twice",
  number: undefined,
  says: "Two releases of one shadow page each read its entry before they take the lock. The first clears the entry and frees the page; if an allocation sets the entry anew meanwhile, the second clears that and frees the first page once more. It needs a purge that frees shadow pages which neighbours share: those of 6.9 on free only what an area covers.",
  source:
    '"mm/kasan: fix vmalloc shadow memory (de-)population races", Alexander Gordeev, 2025-08-18; kasan_depopulate_vmalloc_pte as read in 6.12.117',
  fixed: "before 7.2.12",
  violations: [
    {
      law: "entry-freed-once",
      protocol: "shadow-6.12.117-shared",
      scope: { cpus: 2, areas: 2, most: 1 },
      pinned: "interleaving.json",
      repaired: "shadow-7.2-shared",
    },
  ],
};
