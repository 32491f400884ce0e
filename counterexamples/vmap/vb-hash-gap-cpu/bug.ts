import { nextPossible } from "../../../kernels/vmap/block-rules.ts";
import { rulesOf } from "../../../kernels/vmap/releases.ts";
import { kernelWith } from "../../../kernels/vmap/rules.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import type { Bug } from "../bug.ts";

const repaired = kernelWith(
  releaseOf("6.4"),
  { ...rulesOf("6.4"), blocks: { ...rulesOf("6.4").blocks, indexedOn: nextPossible } },
  "6.4 with the index of a possible CPU",
);

export const vbHashGapCpu: Bug = {
  id: "vb-hash-gap-cpu",
  number: "C12",
  says: "A block is kept in the index of the CPU whose number is the block's modulo how many CPUs are possible. Where CPU numbers have gaps, no CPU may have that number, and its per-CPU data were never initialised.",
  source:
    '"mm: vmalloc: check if a hash-index is in cpu_possible_mask", Uladzislau Rezki, a34acf30b19b, reported by Nick Bowler on a machine with CPUs 0 and 2; begun by 062eacf57ad9 (6.4)',
  fixed: "6.10",
  changed: undefined,
  violations: [{ law: "argument-domain", on: ["6.4", "6.5"], pinned: "argument-domain.json", repaired }],
  explains: ({ response }) => response.usedAbsentCpu === true,
};
