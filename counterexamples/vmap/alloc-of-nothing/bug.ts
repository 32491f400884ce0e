import { rulesOf } from "../../../kernels/vmap/releases.ts";
import { kernelWith } from "../../../kernels/vmap/rules.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import type { Bug } from "../bug.ts";

const repaired = kernelWith(
  releaseOf("2.6.28"),
  { ...rulesOf("2.6.28"), outside: { ...rulesOf("2.6.28").outside, allocOfNothing: "refused" } },
  "2.6.28 refusing an area of no page",
);

export const allocOfNothing: Bug = {
  id: "alloc-of-nothing",
  number: undefined,
  says: "alloc_vmap_area gives out an area of no page.",
  source:
    "adapters/vmap/recordings/FORMAT.md, argument checks (tried by hand, not recorded): 2.6.28 has no test of the size",
  latent: true,
  fixed: "2.6.29 and 2.6.28.10, which stop (BUG_ON(!size)); 6.3 refuses",
  changed: undefined,
  violations: [{ law: "argument-domain", on: ["2.6.28"], pinned: "argument-domain.json", repaired }],
  byUnchecked: true,
  explains: ({ command }) => command.op === "alloc",
};
