import { rulesOf } from "../../../kernels/vmap/releases.ts";
import { stepsFrom } from "../../../kernels/vmap/rules.ts";
import { vmapKernel } from "../../../kernels/vmap/vmap-kernel.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import type { Bug } from "../../bug.ts";
import { checkingUnmap, isGivenBackAgain } from "../controls/checking-unmap.ts";

const repaired = vmapKernel(
  releaseOf("2.6.39"),
  { ...stepsFrom(rulesOf("2.6.39")), unmapRam: checkingUnmap },
  "2.6.39 asking what vm_unmap_ram is given",
);

/** All that have vm_unmap_ram. Written out: a release that is added is not listed, and inherits it (jobs/lineage.ts). */
const ON = [
  "2.6.28",
  "2.6.28.10",
  "piggin-draft-1",
  "piggin-draft-3",
  "2.6.37",
  "2.6.39",
  "3.1",
  "3.10.65",
  "3.16",
  "4.4",
  "4.15.0",
  "4.15.18-ubuntu",
  "5.2",
  "5.10",
  "5.11",
  "5.17",
  "6.1",
  "6.4",
  "6.5",
  "6.12",
  "6.19",
];

export const unmapRamUnchecked: Bug = {
  id: "unmap-ram-unchecked",
  number: undefined,
  says: "vm_unmap_ram takes its caller at his word: of another count, or at another's address, it unmaps what is there, be it a vmalloc area.",
  source:
    'the code of db64fe02 and since; its comment, "the count passed to that vm_map_ram call (cannot unmap partial)", leaves it to the caller',
  latent: true,
  fixed: "not fixed (7.2 has it)",
  changed: undefined,
  breaks: [{ law: "argument-domain", on: ON, pinned: "argument-domain.json", repaired }],
  byUnchecked: true,
  explains: (evidence) => evidence.command.op === "unmapRam" && !isGivenBackAgain(evidence),
};
