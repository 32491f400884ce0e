import { rulesOf } from "../../../kernels/vmap/releases.ts";
import { stepsFrom } from "../../../kernels/vmap/rules.ts";
import { vmapKernel } from "../../../kernels/vmap/vmap-kernel.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import type { Bug } from "../bug.ts";
import { checkingUnmap, isGivenBackAgain } from "../controls/checking-unmap.ts";
import { kernelsWith } from "../evidence/spans.ts";

const repaired = vmapKernel(
  releaseOf("2.6.39"),
  { ...stepsFrom(rulesOf("2.6.39")), unmapRam: checkingUnmap },
  "2.6.39 checking the arguments of vm_unmap_ram",
);

/** All that have vm_unmap_ram. */
const ON = kernelsWith("unmap-ram-unchecked", "2.6.28");

export const unmapRamUnchecked: Bug = {
  id: "unmap-ram-unchecked",
  number: undefined,
  says: "vm_unmap_ram does not check its arguments: with another count, or at another caller's address, it unmaps what is there, even a vmalloc area.",
  source:
    'the code of db64fe02 and since; its comment, "the count passed to that vm_map_ram call (cannot unmap partial)", leaves it to the caller',
  latent: true,
  fixed: "not fixed (7.2 has it)",
  changed: undefined,
  violations: [{ law: "argument-domain", on: ON, pinned: "argument-domain.json", repaired }],
  byUnchecked: true,
  explains: (evidence) => evidence.command.op === "unmapRam" && !isGivenBackAgain(evidence),
};
