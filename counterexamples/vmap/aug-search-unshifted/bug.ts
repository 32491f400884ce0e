import { linux } from "../../../kernels/vmap/index.ts";
import { rulesOf } from "../../../kernels/vmap/releases.ts";
import { kernelWith } from "../../../kernels/vmap/rules.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import type { Bug } from "../bug.ts";

const id = "aug-search-unshifted";

export const augSearchUnshifted: Bug = {
  id,
  number: undefined,
  says: "The tree is searched for the plain size, and an extent that is large enough may still not fit: the search goes back up and, because it does not shift its start, enters the same subtree without end.",
  source: "a mutant of 9f531973dff3 (5.16), which shifts the start each time; catalogue A13",
  fixed: "never released",
  changed: kernelWith(releaseOf("5.17"), { ...rulesOf("5.17"), shiftsStart: false }, id),
  violations: [
    { law: "calls-return", on: [id], pinned: "calls-return.json", repaired: linux("5.17") },
    { law: "calls-return", on: [id], pinned: "calls-return.middle.json", repaired: linux("5.17") },
  ],
  explains: () => true,
};
