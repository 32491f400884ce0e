/**
 * In which space a bug's shortest history is sought: how large the machine is, and what its callers may do. No run of
 * such callers is shorter; what other callers could do on a larger machine is not known from it.
 */
import type { Call } from "../../spec/vmap/commands/command.ts";
import { AREAS_ONLY, type Scope } from "../../spec/vmap/scope.ts";
import { PAGE_SIZE, type Pages } from "../../spec/vmap/vocabulary.ts";

export interface ShortestSpace {
  /** What callers may do there, in words. */
  readonly says: string;
  readonly scope: Scope;
  readonly calls: readonly Call[];
}

const upTo = (most: Pages): Pages[] => Array.from({ length: most }, (_none, nth) => nth + 1);
const aligned = (...pages: Pages[]) => pages.map((count) => count * PAGE_SIZE);

/** Eight pages far from both ends of the word; more than two lazy pages purge. */
const EIGHT_PAGES: Scope = {
  ...AREAS_ONLY,
  name: "eight pages",
  wordPages: 64,
  cpus: 1,
  lazyMaxPages: 2,
  sizes: upTo(8),
  aligns: aligned(1, 2, 4),
  windows: [
    { vstart: 16, vend: 24 },
    { vstart: 17, vend: 23 },
    { vstart: 20, vend: 24 },
    { vstart: 22, vend: 24 },
    { vstart: 16, vend: 18 },
  ],
};

const areas: ShortestSpace = {
  says: "allocate every size at alignments of 1, 2 and 4 pages in five windows of eight pages, free, purge",
  scope: EIGHT_PAGES,
  calls: ["alloc", "purge"],
};

/** For a lowest fit that is missed: a window that begins between two multiples of each alignment. */
const areasInSix: ShortestSpace = {
  ...areas,
  says: "allocate every size at alignments of 1, 2 and 4 pages in six windows of eight pages, free, purge",
  scope: { ...EIGHT_PAGES, windows: [...EIGHT_PAGES.windows, { vstart: 21, vend: 24 }] },
};

const mappedAreas: ShortestSpace = {
  says: "allocate and map 1 to 4 pages in two windows of eight pages, read and write them, free, purge, call vm_unmap_aliases",
  scope: { ...EIGHT_PAGES, sizes: upTo(4), aligns: aligned(1), windows: EIGHT_PAGES.windows.slice(0, 2) },
  calls: ["alloc", "allocMapped", "touch", "write", "purge", "unmapAliases"],
};

const pooling: ShortestSpace = {
  says: "allocate 1 to 3 of three pages on two CPUs, whether they can wait or not, free, purge, call vm_unmap_aliases",
  scope: {
    ...EIGHT_PAGES,
    name: "three pages",
    cpus: 2,
    lazyMaxPages: 1,
    vmalloc: { vstart: 16, vend: 19 },
    sizes: upTo(3),
    aligns: aligned(1),
    windows: [{ vstart: 16, vend: 19 }],
  },
  calls: ["alloc", "purge", "unmapAliases"],
};

const poolingInTwoWindows: ShortestSpace = {
  says: "allocate 1 to 3 of three pages on two CPUs, in the vmalloc window or another, free, purge, call vm_unmap_aliases; every free purges",
  scope: {
    ...pooling.scope,
    lazyMaxPages: 0,
    windows: [
      { vstart: 16, vend: 19 },
      { vstart: 16, vend: 18 },
    ],
  },
  calls: pooling.calls,
};

/** The whole of a word of sixteen pages but for its last page, and parts of it. */
const SIXTEEN_PAGES: Scope = {
  ...EIGHT_PAGES,
  name: "sixteen pages",
  wordPages: 16,
  sizes: upTo(15),
  aligns: aligned(1, 2, 4, 8),
  windows: [
    { vstart: 0, vend: 15 },
    { vstart: 8, vend: 15 },
    { vstart: 9, vend: 14 },
    { vstart: 1, vend: 3 },
  ],
};

const wholeWord: ShortestSpace = {
  says: "allocate every size at alignments up to half the word in four windows of a word of 16 pages, mapping it or not, free, purge",
  scope: SIXTEEN_PAGES,
  calls: ["alloc", "allocMapped", "purge"],
};

/** For histories of three commands. */
const wholeWordLess: ShortestSpace = {
  ...wholeWord,
  says: "allocate 1, 2, 7, 8 or 9 pages at alignments up to half the word in four windows of a word of 16 pages, mapping it or not, free, purge",
  scope: { ...SIXTEEN_PAGES, sizes: [1, 2, 7, 8, 9] },
};

const beforeInit: ShortestSpace = {
  says: "pin, call vm_unmap_aliases and vmalloc_init; then allocate as well",
  scope: { ...EIGHT_PAGES, beforeInit: true },
  calls: ["alloc", "pin", "purge", "unmapAliases"],
};

const findingBeforeInit: ShortestSpace = {
  says: "look for each page, pin, call vm_unmap_aliases and vmalloc_init; then allocate as well",
  scope: { ...EIGHT_PAGES, beforeInit: true },
  calls: ["alloc", "find", "pin", "purge", "unmapAliases"],
};

const vmaps: ShortestSpace = {
  says: "allocate 1 to 4 pages in two windows of eight pages and vmap 1 to 3 there, with VM_NO_GUARD and without, free, purge",
  scope: {
    ...EIGHT_PAGES,
    vmalloc: { vstart: 16, vend: 24 },
    counts: upTo(3),
    sizes: upTo(4),
    aligns: aligned(1),
    windows: EIGHT_PAGES.windows.slice(0, 2),
  },
  calls: ["alloc", "vmap", "purge"],
};

/** Room for five blocks of four pages, or three with a page kept after each, of which a map takes at most two. */
const FEW_BLOCKS: Scope = {
  ...EIGHT_PAGES,
  name: "few blocks",
  lazyMaxPages: 4,
  vmalloc: { vstart: 16, vend: 36 },
  blockPages: 4,
  bitsPerLong: 2,
  counts: [1, 2, 3],
  sizes: [1, 4],
  aligns: aligned(1, 4),
  windows: [{ vstart: 16, vend: 36 }],
};

const everything: ShortestSpace = {
  says: "map 0 to 3 pages through blocks of four on two CPUs, allocate, read, write, pin, purge, call vm_unmap_aliases",
  scope: { ...FEW_BLOCKS, cpus: 2, counts: [0, 1, 2, 3] },
  calls: ["alloc", "allocMapped", "map", "touch", "write", "pin", "purge", "unmapAliases"],
};

/** For histories of five commands. */
const maps: ShortestSpace = {
  says: "map 1 to 3 pages through blocks of four on two CPUs, read, purge, call vm_unmap_aliases",
  scope: { ...FEW_BLOCKS, cpus: 2 },
  calls: ["map", "touch", "purge", "unmapAliases"],
};

const mapsAcrossGap: ShortestSpace = {
  says: "map 1 to 3 pages through blocks of four on CPUs 0 and 2, the lowest block having an odd number; purge, call vm_unmap_aliases",
  scope: { ...FEW_BLOCKS, cpus: 3, absentCpus: [1], vmalloc: { vstart: 20, vend: 36 } },
  calls: ["map", "purge", "unmapAliases"],
};

/** For a history of ten commands. */
const smallMaps: ShortestSpace = {
  says: "map 1 or 2 pages through blocks of four on one CPU, unmap, purge",
  scope: { ...FEW_BLOCKS, counts: [1, 2] },
  calls: ["map", "purge"],
};

const mapsOnTwo: ShortestSpace = {
  says: "map 1 to 3 pages through blocks of four on two CPUs, unmap, purge, call vm_unmap_aliases",
  scope: { ...FEW_BLOCKS, cpus: 2 },
  calls: ["map", "purge", "unmapAliases"],
};

/** For a history of seven commands. */
const mapsAmongAreas: ShortestSpace = {
  says: "map a page through blocks of four on one CPU, allocate 1 or 4 pages, unmap, purge, call vm_unmap_aliases",
  scope: { ...FEW_BLOCKS, lazyMaxPages: 2, counts: [1], aligns: aligned(1) },
  calls: ["alloc", "map", "purge", "unmapAliases"],
};

const crowdedBlocks: ShortestSpace = {
  says: "map a page through blocks of two on two CPUs, allocate 1 to 6 pages at alignments of 1 and 2 pages in five windows of eight pages, free, purge",
  scope: {
    ...EIGHT_PAGES,
    cpus: 2,
    vmalloc: { vstart: 16, vend: 24 },
    blockPages: 2,
    bitsPerLong: 1,
    counts: [1],
    sizes: upTo(6),
    aligns: aligned(1, 2),
  },
  calls: ["alloc", "map", "purge"],
};

/** Pairs of percpu areas, of 1 or 2 pages each, the second from 2 to 7 pages above the first. */
const PAIRS = [2, 3, 4, 5, 6, 7].flatMap((apart) =>
  [1, 2].flatMap((first) =>
    [1, 2].map((second) => ({ offsets: [0, apart], sizes: [first, second], align: PAGE_SIZE })),
  ),
);

const percpuAreas: ShortestSpace = {
  says: "ask for pairs of percpu areas of 1 or 2 pages, 2 to 7 pages apart, or for three, in twelve pages, allocate every size in five windows of eight of these, free, purge",
  scope: {
    ...EIGHT_PAGES,
    name: "twelve pages",
    vmalloc: { vstart: 16, vend: 28 },
    aligns: aligned(1),
    congruent: [...PAIRS, { offsets: [0, 4, 8], sizes: [1, 2, 1], align: PAGE_SIZE }],
  },
  calls: ["alloc", "percpu", "purge"],
};

const outsideAreas: ShortestSpace = {
  says: "allocate 0 to 3 pages in five windows of eight pages and free any page, purge",
  scope: { ...EIGHT_PAGES, sizes: upTo(3), aligns: aligned(1), outside: true },
  calls: ["alloc", "purge"],
};

const outsideMaps: ShortestSpace = {
  says: "map 0 to 3 pages through blocks of four, allocate 1 to 4, look for each page, free any page, unmap 0 to 3 pages anywhere, purge",
  scope: { ...FEW_BLOCKS, sizes: upTo(4), aligns: aligned(1), outside: true },
  calls: ["alloc", "find", "map", "purge"],
};

const outsideMapsAlone: ShortestSpace = {
  ...outsideMaps,
  says: "map 2 pages through blocks of four, unmap 0 or 2 pages anywhere, purge",
  scope: { ...FEW_BLOCKS, counts: [2], outside: true },
  calls: ["map", "purge"],
};

/** By bug, then by pinned history. */
export const SHORTEST_SPACES: Readonly<Record<string, Readonly<Record<string, ShortestSpace>>>> = {
  "va-gap-offbyone": { "lowest-fit.json": areas },
  "va-restart-from-end": { "refused-only-when-full.json": areas },
  "va-no-wrap-check": {
    "in-window.json": wholeWord,
    "no-bug.json": wholeWord,
    "no-overlap.json": wholeWord,
    "flush-before-reuse.json": wholeWordLess,
  },
  "va-leak-on-enospc": { "nothing-leaks.json": areas },
  "cache-draft-range-bugon": { "no-bug.json": areas },
  "cache-draft-align-bugon": { "no-bug.json": areas },
  "cache-draft-guard-forgotten": { "guard-gap.json": areas },
  "cache-exact-hole-missed": {
    "lowest-fit.json": areas,
    "refused-only-when-full.json": areas,
    "purge-only-when-full.json": areas,
    "blocks-pack.json": crowdedBlocks,
    "free-space-is-usable.json": areas,
  },
  "wrap-size-minus-one": {
    "in-window.json": wholeWord,
    "no-bug.json": wholeWord,
    "no-overlap.json": wholeWord,
    "flush-before-reuse.json": wholeWordLess,
  },
  "align-wrap-to-zero": {
    "in-window.json": wholeWord,
    "no-bug.json": wholeWord,
    "no-bug.second-wrap.json": wholeWord,
    "no-overlap.json": wholeWord,
    "no-overlap.whole-space.json": wholeWord,
    "guard-gap.json": wholeWord,
    "flush-before-reuse.json": wholeWordLess,
    "flush-before-reuse.whole-space.json": wholeWordLess,
  },
  "aug-percpu-jump": {
    "highest-congruent-fit.json": percpuAreas,
    "refused-only-when-full.json": percpuAreas,
    "purge-only-when-full.json": percpuAreas,
    "free-space-is-usable.json": percpuAreas,
  },
  "aug-align-overhead": {
    "refused-only-when-full.json": areas,
    "purge-only-when-full.json": areas,
    "blocks-pack.json": crowdedBlocks,
    "free-space-is-usable.json": areas,
    "lowest-fit.json": areasInSix,
    "lowest-fit-at-a-page.json": areasInSix,
  },
  "guard-between-areas": { "blocks-pack.json": crowdedBlocks, "free-space-is-usable.json": areas },
  "no-guard-adjacency": { "guard-between-vmaps.json": vmaps },
  "purge-list-uaf": { "no-use-after-free.json": areas },
  "vunmap-no-cache-flush": { "cache-flushed-before-unmap.json": mappedAreas },
  "lazy-pte-live-alias": { "unmapped-means-no-pte.json": everything },
  "aliases-before-init": { "init-order.json": beforeInit, "no-bug.json": beforeInit },
  "purge-flushes-per-area": { "one-flush-per-purge.json": areas },
  "nodes-before-init": { "init-order.json": findingBeforeInit, "no-bug.json": findingBeforeInit },
  "vb-fragment-exhaustion": { "nothing-leaks.json": everything },
  "vb-head-insert-exhaustion": { "nothing-leaks.json": smallMaps },
  "vb-dirtymap-word-cross": {
    "no-alias-after-unmap-aliases.json": maps,
    "pinned-is-unaliased.json": everything,
  },
  "vb-full-block-stale": {
    "no-alias-after-unmap-aliases.json": maps,
    "no-alias-after-unmap-aliases.ptes.json": everything,
    "pinned-is-unaliased.json": everything,
  },
  "vb-fragment-double-walk": { "usable-blocks-stay.json": everything },
  "va-pool-gives-higher": { "lowest-fit.json": poolingInTwoWindows },
  "va-pools-hide-room": {
    "pools-hide-no-room.json": pooling,
    "pools-hide-no-room.noblock.json": pooling,
  },
  "vb-dirty-reflushed": { "flush-only-once.json": maps, "flush-only-once.kept.json": everything },
  "vb-hash-gap-cpu": { "argument-domain.json": mapsAcrossGap },
  "vb-alloc-zero": { "argument-domain.json": everything },
  "vb-dirty-purged-around": { "flush-only-once.json": mapsAmongAreas },
  "vmlist-overruns-end": { "in-window.json": areas },
  "vmlist-end-underflow": { "in-window.json": wholeWord },
  "cache-no-vstart-test": { "lowest-fit.json": areas },
  "cache-no-align-test": { "lowest-fit.json": areas },
  "cache-free-leaves-it": { "lowest-fit.json": areas },
  "cache-free-moves-it-up": { "lowest-fit.json": areas },
  "aug-search-unshifted": { "calls-return.json": wholeWord, "calls-return.middle.json": areas },
  "va-notifier-frees-nothing": { "calls-return.json": areas },
  "alloc-of-nothing": { "argument-domain.json": outsideAreas },
  "unmap-ram-unchecked": { "argument-domain.json": outsideMaps },
  "vb-free-counted-twice": { "argument-domain.json": outsideMapsAlone },
  "vfree-inside-obeyed": { "argument-domain.json": outsideAreas },
  "vfree-unlinks-any": { "finds-areas.json": outsideMaps, "unmapped-means-no-pte.json": outsideMaps },
  "vfree-of-none-read": { "argument-domain.json": outsideAreas },
};

/** The same for callers who do more, where that takes longer than a test may: a minute each, or several. */
export const LONGER_SPACES: typeof SHORTEST_SPACES = {
  "va-no-wrap-check": { "flush-before-reuse.json": wholeWord },
  "wrap-size-minus-one": { "flush-before-reuse.json": wholeWord },
  "align-wrap-to-zero": {
    "flush-before-reuse.json": wholeWord,
    "flush-before-reuse.whole-space.json": wholeWord,
  },
  "vb-head-insert-exhaustion": { "nothing-leaks.json": mapsOnTwo },
  "vb-dirtymap-word-cross": { "no-alias-after-unmap-aliases.json": everything },
  "vb-full-block-stale": { "no-alias-after-unmap-aliases.json": everything },
};
