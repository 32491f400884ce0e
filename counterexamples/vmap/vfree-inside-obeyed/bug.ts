import { rulesOf } from "../../../kernels/vmap/releases.ts";
import { stepsFrom } from "../../../kernels/vmap/rules.ts";
import { warnOfNoArea } from "../../../kernels/vmap/unmap-calls.ts";
import { vmapKernel } from "../../../kernels/vmap/vmap-kernel.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import type { Bug } from "../bug.ts";
import { kernelsWith } from "../evidence/spans.ts";

const repaired = vmapKernel(
  releaseOf("6.1"),
  { ...stepsFrom(rulesOf("6.1")), strayFree: warnOfNoArea },
  "6.1 freeing by the first page alone",
);

const ON = kernelsWith("vfree-inside-obeyed", "6.1");

export const vfreeInsideObeyed: Bug = {
  id: "vfree-inside-obeyed",
  number: undefined,
  says: "find_vmap_area finds an area by any of its pages, and remove_vm_area asks it: a vfree of a page inside frees the whole area, where the kernel warned before.",
  source: "cef2ac3f6c8a (3.11), which made the search so for vread and vwrite; remove_vm_area in 6.1 and 7.x",
  latent: true,
  fixed: "not fixed (7.2 has it)",
  changed: undefined,
  violations: [{ law: "argument-domain", on: ON, pinned: "argument-domain.json", repaired }],
  byUnchecked: true,
  explains: ({ before, command, response }) =>
    command.op === "free" &&
    response.kind === "done" &&
    before.areasIn({ start: command.start, end: command.start + 1 }).length > 0,
};
