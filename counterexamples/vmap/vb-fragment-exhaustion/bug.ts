import { rulesOf } from "../../../kernels/vmap/releases.ts";
import { kernelWith } from "../../../kernels/vmap/rules.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import type { Bug } from "../bug.ts";
import { leavesFragments } from "../evidence/left-in-blocks.ts";

const repaired = kernelWith(
  { ...releaseOf("2.6.28.10"), fragments: "purged" },
  { ...rulesOf("2.6.28.10"), blocks: { ...rulesOf("2.6.28").blocks, purgesFragments: true } },
  "2.6.28.10 purging fragmented blocks",
);

export const vbFragmentExhaustion: Bug = {
  id: "vb-fragment-exhaustion",
  number: "C2",
  says: "A block is released only once all its pages were given out and given back: a block with pages left in which nothing is mapped stays for ever, whatever is purged.",
  source: '"mm: purge fragmented percpu vmap blocks", Nick Piggin, 2010, 02b709df817c',
  fixed: "2.6.33",
  changed: undefined,
  violations: [{ law: "nothing-leaks", on: ["2.6.28", "2.6.28.10"], pinned: "nothing-leaks.json", repaired }],
  explains: leavesFragments,
};
