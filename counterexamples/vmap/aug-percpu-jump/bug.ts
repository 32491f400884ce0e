import { rulesOf } from "../../../kernels/vmap/releases.ts";
import { kernelWith } from "../../../kernels/vmap/rules.ts";
import { sameExtent } from "../../../kernels/vmap/search-congruent.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import type { Bug } from "../bug.ts";

const repaired = kernelWith(
  releaseOf("5.2"),
  { ...rulesOf("5.2"), endsAbove: sameExtent },
  "5.2 looking for percpu areas in the whole of an extent",
);

export const augPercpuJump: Bug = {
  id: "aug-percpu-jump",
  number: "A12",
  says: "If one of the percpu areas ends above the free extent in which it is searched, the base moves down to the extent below, past all the room in this one: the areas are placed lower than they could be, or refused.",
  source:
    "68ad4a330433 (5.2); 5336e52c9e85 (5.3-rc5): an extent of 30 TB was passed by (Dave Hansen); catalogue A12",
  fixed: "5336e52c9e85 (5.3)",
  changed: undefined,
  violations: [
    { law: "highest-congruent-fit", on: ["5.2"], pinned: "highest-congruent-fit.json", repaired },
    { law: "refused-only-when-full", on: ["5.2"], pinned: "refused-only-when-full.json", repaired },
    { law: "purge-only-when-full", on: ["5.2"], pinned: "purge-only-when-full.json", repaired },
    { law: "free-space-is-usable", on: ["5.2"], pinned: "free-space-is-usable.json", repaired },
  ],
  explains: ({ command }) => command.op === "pcpuGet",
};
