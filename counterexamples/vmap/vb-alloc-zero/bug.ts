import { rulesOf } from "../../../kernels/vmap/releases.ts";
import { kernelWith } from "../../../kernels/vmap/rules.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import type { Bug } from "../bug.ts";
import { kernelsWith } from "../evidence/spans.ts";

const repaired = kernelWith(
  releaseOf("2.6.39"),
  { ...rulesOf("2.6.39"), blocks: { ...rulesOf("2.6.37").blocks, mapOfNothing: "refused" } },
  "2.6.39 refusing a map of no page",
);

/**
 * All with blocks. The region of order 52 in 2.6.28 has no meaning; from 3.9 on the kernel warns, and stops in the
 * page-table walker.
 */
const ON = kernelsWith("vb-alloc-zero", "2.6.39");

export const vbAllocZero: Bug = {
  id: "vb-alloc-zero",
  number: "C14",
  says: "A map of no page is not refused: get_order(0) is 52, more pages than any block has, and block after block is made without serving it.",
  source: "catalogue C14 and adapters/vmap/recordings/FORMAT.md (tried by hand, not recorded)",
  fixed: "6.9 (ac0476e8ca2e), which warns and refuses; 3.9 warns and stops",
  changed: undefined,
  violations: [{ law: "argument-domain", on: ON, pinned: "argument-domain.json", repaired }],
  explains: ({ command }) => command.op === "mapRam" && command.count === 0,
};
