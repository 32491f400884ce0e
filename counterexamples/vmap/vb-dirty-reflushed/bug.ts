import { unmapRange } from "../../../kernels/hardware/memory.ts";
import { purgeFragmented } from "../../../kernels/vmap/block-sweeps.ts";
import { type Blocks, runsOf } from "../../../kernels/vmap/blocks.ts";
import { rulesOf } from "../../../kernels/vmap/releases.ts";
import { kernelWith } from "../../../kernels/vmap/rules.ts";
import type { State } from "../../../kernels/vmap/state.ts";
import type { Steps } from "../../../kernels/vmap/steps.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import type { Extent } from "../../../spec/vmap/vocabulary.ts";
import type { Bug } from "../bug.ts";
import { liesInBlocks, PURGING_ALL_FRAGMENTED } from "../evidence/left-in-blocks.ts";

const forgetting2_6_28 = kernelWith(
  releaseOf("2.6.28"),
  { ...rulesOf("2.6.28"), unmapAliases: flushingOnce },
  "2.6.28 forgetting what it flushes in blocks",
);
const forgetting6_4 = kernelWith(
  releaseOf("6.4"),
  { ...rulesOf("6.4"), unmapAliases: flushingOnce },
  "6.4 forgetting what it flushes in blocks",
);

/** vm_unmap_aliases, except that the dirty range of a block is reset once it is collected: the flush follows. */
function flushingOnce(state: State, steps: Steps): void {
  if (!state.initialised) return;
  const { areas, blocks } = state;
  const { dirty, looksAt, lazyPtes } = steps.blocks;
  const found: Extent[] = [];
  for (const block of looksAt(blocks)) {
    const base = areas.start[blocks.area[block] as number] as number;
    const range = { start: base + dirty.first(blocks, block), end: base + dirty.end(blocks, block) };
    if (range.start >= range.end) continue;
    found.push(range);
    const runs = lazyPtes ? runsOf(blocks.givenBack, blocks, block) : [];
    for (const { start, end } of runs) unmapRange(state, base + start, base + end);
    forgetDirty(blocks, block);
  }
  const start = Math.min(...found.map((range) => range.start));
  const end = Math.max(...found.map((range) => range.end));
  purgeFragmented(state, steps);
  steps.purge(state, found.length === 0 ? undefined : { start, end }, "decay");
}

/** The same step as 6.5's reset of the range, for the bitmaps up to 4.0. The count of pages given back stays. */
function forgetDirty(blocks: Blocks, block: number): void {
  const { pages } = blocks;
  blocks.dirtyMin[block] = pages;
  blocks.dirtyMax[block] = 0;
  blocks.givenBack.fill(0, block * pages, (block + 1) * pages);
}

export const vbDirtyReflushed: Bug = {
  id: "vb-dirty-reflushed",
  number: "C9",
  says: "The dirty range of a block is not reset when it is flushed: as long as the block exists, every vm_unmap_aliases flushes it again.",
  source:
    '"mm/vmalloc: prevent flushing dirty space over and over", Thomas Gleixner, 2023, a09fad96ffb1; seen in 2008 already (catalogue B6)',
  fixed: "6.5",
  changed: undefined,
  violations: [
    {
      law: "flush-only-once",
      on: PURGING_ALL_FRAGMENTED,
      pinned: "flush-only-once.json",
      repaired: forgetting6_4,
    },
    {
      law: "flush-only-once",
      on: ["2.6.28", "2.6.28.10"],
      pinned: "flush-only-once.kept.json",
      repaired: forgetting2_6_28,
    },
  ],
  explains: liesInBlocks,
};
