import { linux } from "../../../kernels/vmap/index.ts";
import type { Bug } from "../bug.ts";

export const lazyPteLiveAlias: Bug = {
  id: "lazy-pte-live-alias",
  number: "B5",
  says: "PTEs stay until the purge, so a page that was unmapped still has a writable alias; Xen then refuses it as a page table.",
  source: '"vmalloc: eagerly clear ptes on vunmap", Jeremy Fitzhardinge, 2010-11-29, 64141da58724',
  fixed: "2.6.37",
  changed: undefined,
  violations: [
    {
      law: "unmapped-means-no-pte",
      on: ["2.6.28", "2.6.28.10", "piggin-draft-1", "piggin-draft-3"],
      pinned: "unmapped-means-no-pte.json",
      repaired: linux("2.6.37"),
    },
  ],
  explains: () => true,
};
