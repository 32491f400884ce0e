/** Bugs of purges and pools: what is flushed, when, and what is returned. */
import { flushTlbKernelRange } from "../../kernels/hardware/memory.ts";
import { purgeNow } from "../../kernels/vmap/area-calls.ts";
import { linux } from "../../kernels/vmap/index.ts";
import { extentOf } from "../../kernels/vmap/lazy-extents.ts";
import { findOnLockedNodes } from "../../kernels/vmap/nodes.ts";
import { releaseReadingAhead } from "../../kernels/vmap/purge.ts";
import { slotsOf } from "../../kernels/vmap/purge-list.ts";
import { rulesOf } from "../../kernels/vmap/releases.ts";
import { kernelWith, type Rules, stepsFrom } from "../../kernels/vmap/rules.ts";
import { NO_ROOM } from "../../kernels/vmap/search-uncached.ts";
import type { State } from "../../kernels/vmap/state.ts";
import type { Steps } from "../../kernels/vmap/steps.ts";
import { sweepAliases, vmapKernel } from "../../kernels/vmap/vmap-kernel.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import { mayComeFromPool, newArea } from "../../spec/vmap/laws/law.ts";
import { releaseOf } from "../../spec/vmap/releases.ts";
import type { Bug, Evidence } from "./bug.ts";
import { liesInBlocks } from "./evidence.ts";

const withoutPurgeListUaf = kernelWith(
  releaseOf("2.6.28"),
  { ...rulesOf("2.6.28"), release: releaseReadingAhead(() => {}) },
  "2.6.28 reading its purge list ahead",
);

export const purgeListUaf: Bug = {
  id: "purge-list-uaf",
  number: "B2",
  says: "The purge hands an area to RCU and then reads the link to the next one from it; if the grace period is over by then, the memory is free.",
  source: '"mm: fix lazy vmap purging (use-after-free error)", Vegard Nossum, 2009, cbb766766b6',
  fixed: "2.6.29",
  changed: undefined,
  violations: [
    {
      law: "no-use-after-free",
      on: ["2.6.28"],
      pinned: "no-use-after-free.json",
      repaired: withoutPurgeListUaf,
    },
  ],
  explains: ({ response }) => response.flushes.length > 0,
};

export const vunmapNoCacheFlush: Bug = {
  id: "vunmap-no-cache-flush",
  number: "B4",
  says: "Lazy unmapping skips flush_cache_vunmap: a cache indexed by virtual address keeps the alias's dirty lines, and writes them back over the frame's next use.",
  source: '"mm: vmalloc fix lazy unmapping cache aliasing", b29acbdcf877',
  fixed: "2.6.28, before its release",
  changed: kernelWith(
    releaseOf("2.6.28"),
    { ...rulesOf("2.6.28"), flushCache: () => {} },
    "vunmap-no-cache-flush",
  ),
  violations: [
    {
      law: "cache-flushed-before-unmap",
      on: ["vunmap-no-cache-flush"],
      pinned: "cache-flushed-before-unmap.json",
      repaired: linux("2.6.28.10"),
    },
  ],
  explains: () => true,
};

export const lazyPteLiveAlias: Bug = {
  id: "lazy-pte-live-alias",
  number: "B5",
  says: "PTEs stay until the purge, so a page that was unmapped still has a writable alias; Xen then refuses it as a page table.",
  source: '"vmalloc: eagerly clear ptes on vunmap", Jeremy Fitzhardinge, 2010-11-29, 64141da58724',
  fixed: "2.6.37",
  changed: undefined,
  violations: [
    {
      law: "unmapped-means-no-pte",
      on: ["2.6.28", "2.6.28.10", "piggin-draft-1", "piggin-draft-3"],
      pinned: "unmapped-means-no-pte.json",
      repaired: linux("2.6.37"),
    },
  ],
  explains: () => true,
};

export const aliasesBeforeInit: Bug = {
  id: "aliases-before-init",
  number: "B6",
  says: "vm_unmap_aliases, called before vmalloc_init, walks per-CPU lists that are not initialised yet.",
  source:
    '"vmap: cope with vm_unmap_aliases before vmalloc_init()", Jeremy Fitzhardinge, 9b46333; the code of db64fe02',
  fixed: "2.6.28, before its release",
  changed: kernelWith(
    releaseOf("2.6.28"),
    { ...rulesOf("2.6.28"), unmapAliases: sweepAliases },
    "aliases-before-init",
  ),
  violations: [
    { law: "init-order", on: ["aliases-before-init"], pinned: "init-order.json", repaired: linux("2.6.28") },
    { law: "no-bug", on: ["aliases-before-init"], pinned: "no-bug.json", repaired: linux("2.6.28") },
  ],
  explains: ({ before, command }) =>
    !before.initialised && (command.op === "unmapAliases" || command.op === "pin"),
};

export const nodesBeforeInit: Bug = {
  id: "nodes-before-init",
  number: "B10",
  says: "find_vmap_area, called before vmalloc_init, takes the lock of a node that is not initialised yet. Up to 6.8 there was one lock, which needed no initialisation at run time.",
  source:
    '"mm: vmalloc: bail out early in find_vmap_area() if vmap is not init", Uladzislau Rezki, 2024-03-23, 4ed91fa9177b, seen when s390 booted; begun by 72210662c5a2',
  fixed: "6.9, before its release",
  changed: kernelWith(
    releaseOf("6.12"),
    { ...rulesOf("6.12"), find: findOnLockedNodes },
    "nodes-before-init",
  ),
  violations: [
    { law: "init-order", on: ["nodes-before-init"], pinned: "init-order.json", repaired: linux("6.12") },
    { law: "no-bug", on: ["nodes-before-init"], pinned: "no-bug.json", repaired: linux("6.12") },
  ],
  explains: ({ before, command }) => !before.initialised && command.op === "find",
};

const steps6_12 = stepsFrom(rulesOf("6.12"));

/** The shadow of an area has no addresses here: the area itself is flushed in its place. */
const flushing6_12 = vmapKernel(
  releaseOf("6.12"),
  {
    ...steps6_12,
    purge: (state, dirty, pools) => {
      const purged = slotsOf(state.areas, state.purgeHead).map((slot) => extentOf(state, slot));
      steps6_12.purge(state, dirty, pools);
      for (const { start, end } of purged) flushTlbKernelRange(state, start, end);
    },
  },
  "purge-flushes-per-area",
);

export const purgeFlushesPerArea: Bug = {
  id: "purge-flushes-per-area",
  number: "B13",
  says: "With KASAN, a purge unmaps the shadow of each area it releases and flushes every TLB for each: a purge of n areas flushes n + 1 times, and a CPU that purges many is stuck for seconds.",
  source:
    "the purge of the KASAN shadow, Adrian Huang, 2024-07-26, Fixes 282631cb2447 (6.9); again as 5747435e0fd4 (CVE-2026-43292, syzbot d8d4c31d40f868eaea30)",
  fixed: "6.13, and what was left of it in 2026 (5747435e0fd4)",
  changed: flushing6_12,
  violations: [
    {
      law: "one-flush-per-purge",
      on: ["purge-flushes-per-area"],
      pinned: "one-flush-per-purge.json",
      repaired: linux("6.12"),
    },
  ],
  explains: () => true,
};

/** A kernel whose pools never hold anything: no area is recorded as one that returns to a pool. */
function poolingNothing({ name, release }: Kernel<State>, rules: Rules): Kernel<State> {
  return vmapKernel(release, { ...stepsFrom(rules), placed: () => {} }, `${name} pooling nothing`);
}

export const vaPoolsHideRoom: Bug = {
  id: "va-pools-hide-room",
  number: undefined,
  says: "The extents in a node's pools serve only requests of exactly their size on the node's own CPUs. Any other caller for whom there is no other room purges and flushes to get them, and one that cannot wait is refused.",
  source: "found here by exploration; node_alloc and alloc_vmap_area since the series of 6.9 (7679ba6b36db)",
  latent: true,
  fixed: "never: 7.2 has it, as the price of its pools",
  changed: undefined,
  violations: [
    {
      law: "pools-hide-no-room",
      on: ["6.12"],
      pinned: "pools-hide-no-room.json",
      repaired: poolingNothing(linux("6.12"), rulesOf("6.12")),
    },
    {
      law: "pools-hide-no-room",
      on: ["6.19"],
      pinned: "pools-hide-no-room.noblock.json",
      repaired: poolingNothing(linux("6.19"), rulesOf("6.19")),
    },
  ],
  explains: () => true,
};

export const vaPoolGivesHigher: Bug = {
  id: "va-pool-gives-higher",
  number: undefined,
  says: "A node's pool is asked first, and gives out its extent wherever that lies: a lower hole, which the search would have taken, stays.",
  source: "found here in the recordings; node_alloc since the series of 6.9 (7679ba6b36db)",
  latent: true,
  fixed: "never: 7.2 has it; the lowest address is not what pools are for",
  changed: undefined,
  violations: [
    {
      law: "lowest-fit",
      on: ["6.12", "6.19"],
      pinned: "lowest-fit.json",
      repaired: poolingNothing(linux("6.12"), rulesOf("6.12")),
    },
  ],
  explains: cameFromPool,
};

function cameFromPool({ before, command, response }: Evidence): boolean {
  const placed = newArea(before, command, response);
  return placed !== undefined && mayComeFromPool(before, command, placed);
}

const steps6_1 = stepsFrom(rulesOf("6.1"));

/** The loop takes no turn of its own: the functions it calls take turns (kernels/vmap/state.ts). */
const searchAgain: Steps["searchAgain"] = (state, request) => {
  for (;;) {
    const start = steps6_1.search(state, request);
    if (start !== NO_ROOM) return start;
    purgeNow(state, steps6_1);
  }
};

export const vaNotifierFreesNothing: Bug = {
  id: "va-notifier-frees-nothing",
  number: undefined,
  says: "A caller of vmap_notify_list says each time that it freed something, and frees nothing: an allocation that finds no room purges and searches again, for ever.",
  source: "a mutant of alloc_vmap_area, which from 4.7 on tries again where a notifier freed something",
  fixed: "never released",
  changed: vmapKernel(releaseOf("6.1"), { ...steps6_1, searchAgain }, "va-notifier-frees-nothing"),
  violations: [
    {
      law: "calls-return",
      on: ["va-notifier-frees-nothing"],
      pinned: "calls-return.json",
      repaired: linux("6.1"),
    },
  ],
  explains: () => true,
};

const steps6_5 = stepsFrom(rulesOf("6.5"));

const forgetting6_5 = vmapKernel(
  releaseOf("6.5"),
  {
    ...steps6_5,
    purge: (state, dirty, pools) => {
      steps6_5.purge(state, dirty, pools);
      forgetFlushed(state);
    },
  },
  "6.5 noting what a purge flushes in blocks",
);

/** Dirty pages of a block in a range that was just flushed are no longer dirty. */
function forgetFlushed({ areas, blocks, flushes }: State): void {
  for (const block of rulesOf("6.5").blocks.looksAt(blocks)) {
    const base = areas.start[blocks.area[block] as number] as number;
    const from = base + (blocks.dirtyMin[block] as number);
    const end = base + (blocks.dirtyMax[block] as number);
    if (!flushes.some((flush) => flush.start <= from && end <= flush.end)) continue;
    blocks.dirtyMin[block] = blocks.pages;
    blocks.dirtyMax[block] = 0;
  }
}

export const vbDirtyPurgedAround: Bug = {
  id: "vb-dirty-purged-around",
  number: undefined,
  says: "A purge flushes one range from the lowest to the highest lazy page. Dirty pages of a block between them are flushed as well, but the block does not record it: vm_unmap_aliases flushes them again.",
  source: "what a09fad96ffb1 (6.5, catalogue C9) left: found here at random; harmless but for the time",
  latent: true,
  fixed: "never: 7.2 has it",
  changed: undefined,
  violations: [
    {
      law: "flush-only-once",
      on: ["6.5", "6.12", "6.19"],
      pinned: "flush-only-once.json",
      repaired: forgetting6_5,
    },
  ],
  explains: liesInBlocks,
};
