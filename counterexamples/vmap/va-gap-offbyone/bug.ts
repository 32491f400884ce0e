import { linux } from "../../../kernels/vmap/index.ts";
import { rulesOf } from "../../../kernels/vmap/releases.ts";
import { kernelWith } from "../../../kernels/vmap/rules.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import type { Bug } from "../bug.ts";

export const vaGapOffbyone: Bug = {
  id: "va-gap-offbyone",
  number: "A1",
  says: "The scan wants a page more than the request before the next area, so a hole of exactly the size is passed over.",
  source: '"mm: vmalloc allocator off by one", Nick Piggin, 2008-11-11; introduced by db64fe02258f',
  fixed: "2.6.28, before its release",
  changed: kernelWith(releaseOf("2.6.28"), { ...rulesOf("2.6.28"), beforeNext: 1 }, "va-gap-offbyone"),
  violations: [
    { law: "lowest-fit", on: ["va-gap-offbyone"], pinned: "lowest-fit.json", repaired: linux("2.6.28") },
  ],
  explains: () => true,
};
