import type { InterleavedBug } from "../../interleaved.ts";

export const hugeFallback: InterleavedBug = {
  id: "huge-fallback",
  number: "B26",
  says: "A vmalloc that gets no huge page takes small ones in its place, and still maps by a huge entry: all pages but the first reach frames of others.",
  source: "61ebe5a747da (CVE-2024-45022), Hailong Liu",
  fixed: "6.11",
  violations: [
    {
      law: "pages-reach-their-frames",
      protocol: "levels-6.3",
      scope: { cpus: 1, regions: 1, tables: 1, pairs: 2, devices: 0 },
      pinned: "interleaving.json",
      repaired: "levels-6.12.117",
    },
  ],
};
