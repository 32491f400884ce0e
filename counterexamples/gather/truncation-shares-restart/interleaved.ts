import type { InterleavedBug } from "../../interleaved.ts";

export const truncationSharesRestart: InterleavedBug = {
  id: "truncation-shares-restart",
  number: undefined,
  says: "A truncation that breaks off notes in the vma where it will restart. A second truncation of the file takes that for its own, and leaves the pages below mapped.",
  source: "2aa15890f3c1, mm: prevent concurrent unmap_mapping_range() on the same inode; Miklos Szeredi",
  fixed: "2.6.38",
  violations: [
    {
      law: "truncation-unmaps-all",
      protocol: "truncate-2.6.37",
      scope: { cpus: 2, vmas: 1, pages: 2 },
      pinned: "interleaving.json",
      repaired: "truncate-2.6.38",
    },
    {
      law: "walk-ends-0",
      protocol: "truncate-2.6.37",
      scope: { cpus: 2, vmas: 1, pages: 2 },
      pinned: "starves.json",
      repaired: "truncate-2.6.38",
    },
  ],
};
