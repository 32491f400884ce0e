import { NONE } from "../../../kernels/vmap/areas.ts";
import { bugOn } from "../../../kernels/vmap/bug.ts";
import { linux } from "../../../kernels/vmap/index.ts";
import { rulesOf } from "../../../kernels/vmap/releases.ts";
import { stepsFrom } from "../../../kernels/vmap/rules.ts";
import { vmapKernel } from "../../../kernels/vmap/vmap-kernel.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import type { Bug } from "../../bug.ts";

const id = "vfree-of-none-read";
const steps = stepsFrom(rulesOf("4.15.0"));

export const vfreeOfNoneRead: Bug = {
  id,
  number: "B28",
  says: "__vunmap reads the vm_struct of the area it looked for before it sees whether there is one: a vfree where no area is stops the kernel, where it was warned about.",
  source:
    '"mm/vmalloc.c: don\'t dereference possible NULL pointer in __vunmap()" (6ade20327dbb, 2019), which mends "mm: vmalloc: avoid racy handling of debugobjects in vunmap" (4.18); read in 4.19',
  fixed: "5.1; 4.18 to 5.0 have it, of which 4.19 and 5.0.1 answer as 4.15.0 otherwise",
  changed: vmapKernel(
    releaseOf("4.15.0"),
    {
      ...steps,
      strayFree: (state, start, own) => {
        bugOn(own.find(state, start) === NONE, "__vunmap: find_vmap_area(addr)->vm, read through NULL");
        steps.strayFree(state, start, own);
      },
    },
    id,
  ),
  breaks: [{ law: "argument-domain", on: [id], pinned: "argument-domain.json", repaired: linux("4.15.0") }],
  explains: ({ command, response }) => command.op === "free" && response.kind === "bug",
};
