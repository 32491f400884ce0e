import { linux } from "../../../kernels/vmap/index.ts";
import type { Bug } from "../bug.ts";

export const vfreeOfNoneRead: Bug = {
  id: "vfree-of-none-read",
  number: "B28",
  says: "__vunmap reads the vm_struct of an area before it tests whether there is one: a vfree where no area is stops the kernel, which warned before.",
  source:
    '"mm/vmalloc.c: don\'t dereference possible NULL pointer in __vunmap()" (6ade20327dbb, 2019), which repairs "mm: vmalloc: avoid racy handling of debugobjects in vunmap" (f3c01d2f3ade, 4.18); read in 4.19',
  fixed: "5.1; in 4.19.126 and 4.9.226",
  changed: undefined,
  violations: [
    { law: "argument-domain", on: ["4.19"], pinned: "argument-domain.json", repaired: linux("4.15.0") },
  ],
  explains: ({ command, response }) => command.op === "free" && response.kind === "bug",
};
