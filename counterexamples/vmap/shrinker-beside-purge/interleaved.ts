import type { InterleavedBug } from "../../interleaved.ts";

export const shrinkerBesidePurge: InterleavedBug = {
  id: "shrinker-beside-purge",
  number: "B14",
  says: "The shrinker empties a node's pool without the purge lock. A purge that fills the pool meanwhile, or another shrinker, is not seen: the pool's length is wrong, and from 6.16 on, where a decay takes as many as the length says, the rest that it attaches again overwrites what was added. The extents lose their place for good.",
  source:
    "ec05f51f1e65 (CVE-2026-46093), Uladzislau Rezki, 2026-04-13, reported by chenyichong; since 7679ba6b36db (6.9)",
  fixed: "7.1; 6.12.96, 6.18.27, 7.0.4",
  violations: [
    {
      law: "extent-in-one-place",
      protocol: "pools-6.16",
      scope: { cpus: 2, extents: 2 },
      pinned: "extent-in-one-place.json",
      repaired: "pools-7.1",
    },
    {
      law: "pools-counted",
      protocol: "pools-6.9",
      also: ["pools-6.16"],
      scope: { cpus: 2, extents: 2 },
      pinned: "pools-counted.json",
      repaired: "pools-6.12.96",
    },
  ],
};
