import { rules2_6_28 } from "../../kernels/linux-2.6.28.ts";
import { linux2_6_37 } from "../../kernels/linux-2.6.37.ts";
import { uncachedKernel } from "../../kernels/uncached-kernel.ts";
import { releaseOf } from "../../spec/releases.ts";
import type { Bug } from "../bug.ts";

const id = "lazy-pte-live-alias";
const release = releaseOf("2.6.28");
/** 2.6.28 as it is, judged as if it promised what 2.6.38 does. */
const judged = { ...release, laws: [...release.laws, "unmapped-means-no-pte"] };

export const lazyPteLiveAlias: Bug = {
  id,
  number: "B5",
  says: "PTEs stay until the purge, so a page that was unmapped still has a writable alias; Xen then refuses it as a page table. 2.6.28 as it is, judged by the promise that came later.",
  source: '"vmalloc: eagerly clear ptes on vunmap", Jeremy Fitzhardinge, 2010-11-29, 64141da58724',
  fixed: "2.6.38, and the tree recorded as 2.6.37",
  changed: uncachedKernel(judged, rules2_6_28, id),
  breaks: [
    { law: "unmapped-means-no-pte", on: [id], pinned: "unmapped-means-no-pte.json", repaired: linux2_6_37 },
  ],
  explains: () => true,
};
