import { addAtTail } from "../../../kernels/vmap/blocks.ts";
import { rulesOf } from "../../../kernels/vmap/releases.ts";
import { kernelWith } from "../../../kernels/vmap/rules.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import type { Bug } from "../bug.ts";
import { leavesFragments } from "../evidence/left-in-blocks.ts";
import { kernelsWith } from "../evidence/spans.ts";

const repaired = kernelWith(
  releaseOf("2.6.39"),
  { ...rulesOf("2.6.39"), blocks: { ...rulesOf("2.6.37").blocks, list: addAtTail } },
  "2.6.39 adding blocks at the tail",
);

/** Before 2.6.33 such blocks are not even purged: that is vb-fragment-exhaustion. */
const ON = kernelsWith("vb-head-insert-exhaustion", "2.6.37");

export const vbHeadInsertExhaustion: Bug = {
  id: "vb-head-insert-exhaustion",
  number: "C3",
  says: "A new block is listed before the older ones of its CPU, so their remaining pages are never given out: a working set of constant size makes a new block in each round, and nothing purges while the space has room.",
  source:
    '"mm/vmalloc: fix possible exhaustion of vmalloc space caused by vm_map_ram allocator", Roman Pen, 2015, 68ac546f265e',
  fixed: "4.1",
  changed: undefined,
  violations: [{ law: "nothing-leaks", on: ON, pinned: "nothing-leaks.json", repaired }],
  explains: (evidence) => evidence.command.op === "unmapRam" && leavesFragments(evidence),
};
