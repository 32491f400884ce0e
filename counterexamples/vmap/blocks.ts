/** Bugs of vmap blocks. */
import { unmapRange } from "../../kernels/hardware/memory.ts";
import { allOfThem, dirtyBitmap, nextPossible } from "../../kernels/vmap/block-rules.ts";
import { collectDirty, purgeFragmented } from "../../kernels/vmap/block-sweeps.ts";
import { addAtTail, type Blocks, runsOf } from "../../kernels/vmap/blocks.ts";
import { linux } from "../../kernels/vmap/index.ts";
import { rulesOf } from "../../kernels/vmap/releases.ts";
import { kernelWith } from "../../kernels/vmap/rules.ts";
import type { State } from "../../kernels/vmap/state.ts";
import type { Steps } from "../../kernels/vmap/steps.ts";
import { releaseOf } from "../../spec/vmap/releases.ts";
import type { Extent } from "../../spec/vmap/vocabulary.ts";
import type { Bug } from "./bug.ts";
import {
  blocksWithStale,
  isUsedUp,
  kernelsWith,
  leavesFragments,
  liesInBlocks,
  PURGING_ALL_FRAGMENTED,
} from "./evidence.ts";

const withoutVbFragmentExhaustion = kernelWith(
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
  violations: [
    {
      law: "nothing-leaks",
      on: ["2.6.28", "2.6.28.10"],
      pinned: "nothing-leaks.json",
      repaired: withoutVbFragmentExhaustion,
    },
  ],
  explains: leavesFragments,
};

const withoutVbHeadInsertExhaustion = kernelWith(
  releaseOf("2.6.39"),
  { ...rulesOf("2.6.39"), blocks: { ...rulesOf("2.6.37").blocks, list: addAtTail } },
  "2.6.39 adding blocks at the tail",
);

/** Before 2.6.33 such blocks are not even purged: that is vb-fragment-exhaustion. */
const WITH_VB_HEAD_INSERT_EXHAUSTION = kernelsWith("vb-head-insert-exhaustion", "2.6.37");

export const vbHeadInsertExhaustion: Bug = {
  id: "vb-head-insert-exhaustion",
  number: "C3",
  says: "A new block is listed before the older ones of its CPU, so their remaining pages are never given out: a working set of constant size makes a new block in each round, and nothing purges while the space has room.",
  source:
    '"mm/vmalloc: fix possible exhaustion of vmalloc space caused by vm_map_ram allocator", Roman Pen, 2015, 68ac546f265e',
  fixed: "4.1",
  changed: undefined,
  violations: [
    {
      law: "nothing-leaks",
      on: WITH_VB_HEAD_INSERT_EXHAUSTION,
      pinned: "nothing-leaks.json",
      repaired: withoutVbHeadInsertExhaustion,
    },
  ],
  explains: (evidence) => evidence.command.op === "unmapRam" && leavesFragments(evidence),
};

const withoutVbDirtymapWordCross = kernelWith(
  releaseOf("3.16"),
  { ...rulesOf("3.16"), blocks: { ...rulesOf("3.16").blocks, dirty: dirtyBitmap } },
  "3.16 marking all of a region",
);

export const vbDirtymapWordCross: Bug = {
  id: "vb-dirtymap-word-cross",
  number: "C5",
  says: "Maps are no longer aligned to their size, but pages given back are still marked by a bitmap call for aligned regions: past the end of a word it marks nothing, and vm_unmap_aliases flushes too little.",
  source:
    "b8e748b6c320, 3fcd76e8028e (3.11); no report known: found by reading and on the real code of 3.16 (catalogue C5, section 11)",
  latent: true,
  fixed: "4.1, where 7d61bfe8fdde replaced the bitmap",
  changed: undefined,
  violations: [
    {
      law: "no-alias-after-unmap-aliases",
      on: ["3.16"],
      pinned: "no-alias-after-unmap-aliases.json",
      repaired: withoutVbDirtymapWordCross,
    },
    {
      law: "pinned-is-unaliased",
      on: ["3.16"],
      pinned: "pinned-is-unaliased.json",
      repaired: withoutVbDirtymapWordCross,
    },
  ],
  explains: (evidence) => blocksWithStale(evidence).some((block) => !isUsedUp(block)),
};

/** 4.15.0 and 2.6.28, with the walk over all blocks that 6.5 brought. */
const walking4_15 = kernelWith(
  releaseOf("4.15.0"),
  { ...rulesOf("4.15.0"), blocks: { ...rulesOf("4.15.0").blocks, looksAt: allOfThem } },
  "4.15.0 walking all blocks",
);
const walking2_6_28 = kernelWith(
  releaseOf("2.6.28"),
  { ...rulesOf("2.6.28"), blocks: { ...rulesOf("2.6.28").blocks, looksAt: allOfThem } },
  "2.6.28 walking all blocks",
);

/** Until 2.6.37 a used-up block keeps its PTEs as well. */
const WITH_PTES = ["2.6.28", "2.6.28.10", "piggin-draft-1", "piggin-draft-3"];
const WITH_CACHE = ["2.6.37", "2.6.39", "3.1", "3.10.65", "3.16", "4.4", "4.15.0", "4.15.18-ubuntu"];
const WITHOUT = [...WITH_CACHE, "5.2", "5.10", "5.11", "5.17", "6.1", "6.4"];

export const vbFullBlockStale: Bug = {
  id: "vb-full-block-stale",
  number: "C7",
  says: "A block that has given out all its pages is on no list, and vm_unmap_aliases looks only at lists: pages unmapped in such a block are not flushed.",
  source:
    '"mm/vmalloc: prevent stale TLBs in fully utilized blocks", Thomas Gleixner, 2023, fc1e0d980037; since db64fe02',
  fixed: "6.5",
  changed: undefined,
  violations: [
    {
      law: "no-alias-after-unmap-aliases",
      on: WITHOUT,
      pinned: "no-alias-after-unmap-aliases.json",
      repaired: walking4_15,
    },
    {
      law: "no-alias-after-unmap-aliases",
      on: WITH_PTES,
      pinned: "no-alias-after-unmap-aliases.ptes.json",
      repaired: walking2_6_28,
    },
    {
      law: "pinned-is-unaliased",
      on: [...WITH_PTES, ...WITHOUT],
      pinned: "pinned-is-unaliased.json",
      repaired: walking4_15,
    },
  ],
  explains: (evidence) => blocksWithStale(evidence).some(isUsedUp),
};

/** 6.5 with the second walk put back, which purges every fragmented block. */
const purging6_5 = kernelWith(
  releaseOf("6.5"),
  {
    ...rulesOf("6.5"),
    unmapAliases: (state, steps) => {
      if (!state.initialised) return;
      const dirty = collectDirty(state, steps);
      purgeFragmented(state, steps);
      steps.purge(state, dirty, "decay");
    },
  },
  "vb-fragment-double-walk",
);

export const vbFragmentDoubleWalk: Bug = {
  id: "vb-fragment-double-walk",
  number: "C8",
  says: "vm_unmap_aliases walks all blocks a second time and purges those in which nothing is mapped, even if most of their pages were never given out: each call costs a flush of the whole block, and the next map a new block.",
  source:
    '"mm/vmalloc: avoid iterating over per CPU vmap blocks twice" and its series, Thomas Gleixner, 2023, ca5e46c3400b; since 02b709df817c (2.6.33)',
  fixed: "6.5",
  changed: purging6_5,
  violations: [
    {
      law: "usable-blocks-stay",
      on: [...PURGING_ALL_FRAGMENTED, "vb-fragment-double-walk"],
      pinned: "usable-blocks-stay.json",
      repaired: linux("6.5"),
    },
  ],
  explains: () => true,
};

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

const withoutVbHashGapCpu = kernelWith(
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
  violations: [
    {
      law: "argument-domain",
      on: ["6.4", "6.5"],
      pinned: "argument-domain.json",
      repaired: withoutVbHashGapCpu,
    },
  ],
  explains: ({ response }) => response.usedAbsentCpu === true,
};

const withoutVbAllocZero = kernelWith(
  releaseOf("2.6.39"),
  { ...rulesOf("2.6.39"), blocks: { ...rulesOf("2.6.37").blocks, mapOfNothing: "refused" } },
  "2.6.39 refusing a map of no page",
);

/**
 * All with blocks. The region of order 52 in 2.6.28 has no meaning; from 3.9 on the kernel warns, and stops in the
 * page-table walker.
 */
const WITH_VB_ALLOC_ZERO = kernelsWith("vb-alloc-zero", "2.6.39");

export const vbAllocZero: Bug = {
  id: "vb-alloc-zero",
  number: "C14",
  says: "A map of no page is not refused: get_order(0) is 52, more pages than any block has, and block after block is made without serving it.",
  source: "catalogue C14 and adapters/vmap/recordings/FORMAT.md (tried by hand, not recorded)",
  fixed: "6.9 (ac0476e8ca2e), which warns and refuses; 3.9 warns and stops",
  changed: undefined,
  violations: [
    {
      law: "argument-domain",
      on: WITH_VB_ALLOC_ZERO,
      pinned: "argument-domain.json",
      repaired: withoutVbAllocZero,
    },
  ],
  explains: ({ command }) => command.op === "mapRam" && command.count === 0,
};
