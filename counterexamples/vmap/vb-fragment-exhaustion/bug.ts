import { blocks2_6_28 } from "../../../kernels/vmap/block-rules.ts";
import { rules2_6_28_10 } from "../../../kernels/vmap/linux-2.6.28.10.ts";
import { uncachedKernel } from "../../../kernels/vmap/uncached-kernel.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import type { Bug } from "../../bug.ts";
import { leavesFragments } from "../evidence/left-in-blocks.ts";

const repaired = uncachedKernel(
  { ...releaseOf("2.6.28.10"), fragments: "purged" },
  { ...rules2_6_28_10, blocks: { ...blocks2_6_28, purgesFragmented: true } },
  "2.6.28.10 purging fragmented blocks",
);

export const vbFragmentExhaustion: Bug = {
  id: "vb-fragment-exhaustion",
  number: "C2",
  says: "A block is released only once all its pages were given out and given back: one in which nothing is mapped but which has pages left stays for ever, whatever is purged.",
  source: '"mm: purge fragmented percpu vmap blocks", Nick Piggin, 2010, 02b709df817c',
  fixed: "2.6.33",
  changed: undefined,
  breaks: [{ law: "nothing-leaks", on: ["2.6.28", "2.6.28.10"], pinned: "nothing-leaks.json", repaired }],
  explains: leavesFragments,
};
