import { rulesOf } from "../../../kernels/vmap/releases.ts";
import { stepsFrom } from "../../../kernels/vmap/rules.ts";
import { vmapKernel } from "../../../kernels/vmap/vmap-kernel.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import type { Bug } from "../bug.ts";
import { checkingUnmap, isGivenBackAgain } from "../controls/checking-unmap.ts";
import { kernelsWith } from "../evidence/spans.ts";

const repaired = vmapKernel(
  releaseOf("6.1"),
  { ...stepsFrom(rulesOf("6.1")), unmapRam: checkingUnmap },
  "6.1 checking the arguments of vm_unmap_ram",
);

/** Up to 2.6.32 the result of the bitmap is ignored; from 4.1 on there is no bitmap. Between, it is a BUG. */
const ON = kernelsWith("vb-free-counted-twice", "6.1");

export const vbFreeCountedTwice: Bug = {
  id: "vb-free-counted-twice",
  number: undefined,
  says: "A map in a block that is unmapped twice is counted twice: the block counts as given back and is freed, with another caller's map in it.",
  source:
    "vb_free adds to vb->dirty whatever is given back (code of db64fe02; de5604231ce4's series made a region that was dirty a BUG in 2.6.33, 7d61bfe8fdde took the bitmap away in 4.1)",
  latent: true,
  fixed: "2.6.33 (a BUG_ON sees it), and back in 4.1; 7.2 has it",
  changed: undefined,
  violations: [{ law: "argument-domain", on: ON, pinned: "argument-domain.json", repaired }],
  byUnchecked: true,
  explains: isGivenBackAgain,
};
