import type { InterleavedBug } from "../interleaved.ts";

export const shadowPageDropped: InterleavedBug = {
  id: "shadow-page-dropped",
  number: undefined,
  says: "A purge finds that nothing else uses a shadow page, and clears its entry; in between a neighbour was allocated and found the entry there. Reading the entry under its lock does not help: only that each page belongs to one area does, as from 6.9 on, or that the allocator's lock is held throughout, as before.",
  source:
    "found here, by exploring the same thread's races; the comment above __kasan_release_vmalloc says why it is safe",
  latent: true,
  fixed: "where a purge frees only the shadow pages that an area covers (6.9 on)",
  violations: [
    {
      law: "entry-is-there",
      protocol: "shadow-6.12.117-shared",
      also: ["shadow-7.2-shared"],
      scope: { cpus: 2, areas: 2, most: 1 },
      pinned: "interleaving.json",
      repaired: "shadow-6.12.117",
    },
  ],
};
