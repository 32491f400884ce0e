import { giveBackDescriptor } from "../../../kernels/vmap/areas.ts";
import { rulesOf } from "../../../kernels/vmap/releases.ts";
import { kernelWith } from "../../../kernels/vmap/rules.ts";
import { requestOf } from "../../../spec/vmap/laws/law.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import type { Bug } from "../bug.ts";

const repaired = kernelWith(
  releaseOf("2.6.28"),
  { ...rulesOf("2.6.28"), dropUnused: (state, slot) => giveBackDescriptor(state.areas, slot) },
  "2.6.28 giving the descriptor back",
);

export const vaLeakOnEnospc: Bug = {
  id: "va-leak-on-enospc",
  number: "A5",
  says: "A refused allocation returns without freeing the descriptor it took at its start.",
  source: '"alloc_vmap_area: fix memory leak", 2498ce42d3a3',
  fixed: "2.6.30; the model of 2.6.28.10 follows 2.6.30.4",
  changed: undefined,
  violations: [{ law: "nothing-leaks", on: ["2.6.28"], pinned: "nothing-leaks.json", repaired }],
  explains: ({ before, command, response }) =>
    requestOf(before, command) !== undefined && response.kind === "refused",
};
