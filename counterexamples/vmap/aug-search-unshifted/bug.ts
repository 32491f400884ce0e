import { linux5_17, rules5_17 } from "../../../kernels/vmap/linux-5.17.ts";
import { treeKernel } from "../../../kernels/vmap/tree-kernel.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import type { Bug } from "../../bug.ts";

const id = "aug-search-unshifted";

export const augSearchUnshifted: Bug = {
  id,
  number: undefined,
  says: "The tree is searched for the plain size, and what is large enough may still not fit: the search goes back up and, not shifting its start, enters the same subtree again, for ever.",
  source: "a mutant of 9f531973dff3 (5.16), which shifts the start each time; catalogue A13",
  fixed: "never released",
  changed: treeKernel(releaseOf("5.17"), { ...rules5_17, shiftsStart: false }, id),
  breaks: [
    { law: "calls-return", on: [id], pinned: "calls-return.json", repaired: linux5_17 },
    { law: "calls-return", on: [id], pinned: "calls-return.middle.json", repaired: linux5_17 },
  ],
  explains: () => true,
};
