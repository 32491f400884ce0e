import { rulesOf } from "../../../kernels/vmap/releases.ts";
import { kernelWith } from "../../../kernels/vmap/rules.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import type { Bug } from "../bug.ts";
import { kernelsWith } from "../evidence/spans.ts";

const repaired = kernelWith(
  { ...releaseOf("5.11"), obeysNoGuard: false },
  { ...rulesOf("5.11"), obeysNoGuard: false },
  "5.11 ignoring VM_NO_GUARD",
);

const ON = kernelsWith("no-guard-adjacency", "5.11");

export const noGuardAdjacency: Bug = {
  id: "no-guard-adjacency",
  number: "A14",
  says: "A caller of vmap may pass VM_NO_GUARD and gets an area without a guard page; the next area begins where its pages end, and an overflow runs into it.",
  source:
    '"mm/vmalloc: don\'t allow VM_NO_GUARD on vmap()", Peter Zijlstra, bd1a8fb2d43f; the flag came with 71394fe50146 (4.0)',
  fixed: "5.16",
  changed: undefined,
  violations: [{ law: "guard-between-vmaps", on: ON, pinned: "guard-between-vmaps.json", repaired }],
  explains: () => true,
};
