import { rulesOf } from "../../../kernels/vmap/releases.ts";
import { kernelWith } from "../../../kernels/vmap/rules.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import type { Bug } from "../bug.ts";
import { kernelsWith } from "../evidence/spans.ts";

const repaired = kernelWith(
  releaseOf("6.4"),
  { ...rulesOf("6.4"), outside: { ...rulesOf("6.4").outside, unlinksAny: false } },
  "6.4 testing before it unlinks",
);

const ON = kernelsWith("vfree-unlinks-any", "6.4");

export const vfreeUnlinksAny: Bug = {
  id: "vfree-unlinks-any",
  number: undefined,
  says: "remove_vm_area removes an area from the tree before it tests whether it has a vm_struct: a vfree of an area of vm_map_ram warns, and yet the area is no longer found, neither to be read nor to be unmapped.",
  source:
    '"mm: vmalloc: Avoid calling __find_vmap_area() twice in __vunmap()" (6.3): find_unlink_vmap_area, then `!va->vm`; so in 7.x',
  latent: true,
  fixed: "not fixed (7.2 has it)",
  changed: undefined,
  violations: [
    { law: "finds-areas", on: ON, pinned: "finds-areas.json", repaired },
    { law: "unmapped-means-no-pte", on: ON, pinned: "unmapped-means-no-pte.json", repaired },
  ],
  byUnchecked: true,
  explains: ({ command, response }) =>
    command.op === "find" || (command.op === "unmapRam" && response.warning !== undefined),
};
