/**
 * Kernels with one step replaced so that they violate a law which no bug of the catalogue violates on its own. None of
 * them was ever a kernel: they prove that the law can be violated.
 */

import { flushTlbKernelRange } from "../../../kernels/hardware/memory.ts";
import { eraseArea } from "../../../kernels/vmap/area-calls.ts";
import { NONE } from "../../../kernels/vmap/areas.ts";
import { findByAnyPage } from "../../../kernels/vmap/find.ts";
import { assignFreeSpace, copyFreeSpace } from "../../../kernels/vmap/free-space.ts";
import { unmapEach } from "../../../kernels/vmap/purge.ts";
import { rulesOf } from "../../../kernels/vmap/releases.ts";
import { kernelWith, stepsFrom } from "../../../kernels/vmap/rules.ts";
import { NO_ROOM } from "../../../kernels/vmap/search-uncached.ts";
import type { State } from "../../../kernels/vmap/state.ts";
import type { Steps } from "../../../kernels/vmap/steps.ts";
import { vmapKernel } from "../../../kernels/vmap/vmap-kernel.ts";
import type { LawId } from "../../../spec/contract.ts";
import type { Kernel } from "../../../spec/vmap/kernel.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";

export interface Canary {
  readonly law: LawId;
  readonly kernel: Kernel<State>;
}

const GOOD = releaseOf("2.6.39");
const steps: Steps = stepsFrom(rulesOf("2.6.39"));

function canary(law: LawId, name: string, changed: Partial<Steps>): Canary {
  return { law, kernel: vmapKernel(GOOD, { ...steps, ...changed }, name) };
}

const neverAligns: Canary = {
  law: "aligned",
  kernel: kernelWith(GOOD, { ...rulesOf("2.6.39"), align: (_word, addr) => addr }, "never aligns"),
};

const leavesPtes: Canary = {
  law: "unmapped-means-no-pte",
  kernel: kernelWith(
    GOOD,
    { ...rulesOf("2.6.39"), unmapFreed: () => {}, unmapGathered: unmapEach },
    "leaves PTEs until the purge",
  ),
};

const neverPurges: Canary = {
  law: "lazy-bounded",
  kernel: {
    ...vmapKernel(GOOD, steps, "never purges at a free"),
    initial: (scope) => ({
      ...vmapKernel(GOOD, steps).initial(scope),
      lazyMaxPages: Number.POSITIVE_INFINITY,
    }),
  },
};

/** Frees the first listed area if none starts at the given address. */
const freesAnything: Canary = {
  law: "argument-domain",
  kernel: (() => {
    const kernel = vmapKernel(GOOD, steps, "frees anything");
    return {
      ...kernel,
      act: (state, command) => {
        const first = state.areas.listHead;
        if (command.op !== "free" || first === NONE) return kernel.act(state, command);
        const held = kernel.dump(state).areas.some((area) => area.start === command.start);
        return kernel.act(state, held ? command : { op: "free", start: state.areas.start[first] as number });
      },
    };
  })(),
};

/** Begins a page above the window's start. */
const searchesAbove: Partial<Steps> = {
  search: (state, request) => steps.search(state, { ...request, vstart: request.vstart + 1 }),
};

/** Space that never returns, in three ways: the purge drops it, the search passes it, the list keeps it. */
const neverGivesBack: Canary = {
  law: "space-returns",
  kernel: kernelWith(
    releaseOf("5.17"),
    {
      ...rulesOf("5.17"),
      lazyExtents: {
        ...rulesOf("5.17").lazyExtents,
        purge: (state, dirty, pools) => {
          const before = copyFreeSpace(state.free);
          rulesOf("5.17").lazyExtents.purge(state, dirty, pools);
          assignFreeSpace(state.free, before);
        },
      },
    },
    "gives no space back",
  ),
};

/** `gaveUpAt` is not used by a search with a cache: here it is the end of all areas that were given out. */
const searchHigher: Steps["search"] = (state, request) => {
  const start = steps.search(state, { ...request, vstart: Math.max(request.vstart, state.gaveUpAt) });
  if (start !== NO_ROOM) state.gaveUpAt = start + request.size;
  return start;
};
const onlyGoesUp = canary("space-returns", "searches above all it gave out", {
  search: searchHigher,
  searchAgain: searchHigher,
});

const keepsWhatItPurged = canary("space-returns", "keeps in its list what it purged", {
  purge: (state) => {
    if (state.lazyPages > 0) flushTlbKernelRange(state, 0, state.scope.wordPages);
    state.lazyPages = 0;
  },
});

export const CANARIES: readonly Canary[] = [
  neverAligns,
  canary("lowest-fit-at-a-page", "leaves the first page", searchesAbove),
  canary("lowest-roomy-hole", "leaves the first page of a roomy hole", searchesAbove),
  leavesPtes,
  neverPurges,
  freesAnything,
  canary("no-stale-translation", "releases without a flush", {
    keepLazy: (state, slot) => {
      steps.keepLazy(state, slot);
      state.lazyPages -= (state.areas.end[slot] as number) - (state.areas.start[slot] as number);
      rulesOf("2.6.39").cacheBeforeErase(state, slot);
      eraseArea(state, slot);
    },
  }),
  canary("no-overlap", "gives out again what was given back", {
    blocks: {
      ...steps.blocks,
      find: ({ given, givenBack, pages }, block, wanted) => {
        const isUsable = (page: number) => given[page] === 0 || givenBack[page] === 1;
        for (let at = 0; at + wanted <= pages; at += wanted) {
          const region = Array.from({ length: wanted }, (_none, nth) => block * pages + at + nth);
          if (region.every(isUsable)) return at;
        }
        return NO_ROOM;
      },
    },
  }),
  canary("cache-flushed-before-unmap", "leaves dirty lines in the cache", { flushCache: () => {} }),
  canary("init-order", "flushes before vmalloc_init as well", {
    unmapAliases: (state) => {
      if (state.initialised) steps.unmapAliases(state, steps);
      else flushTlbKernelRange(state, 0, state.scope.wordPages);
    },
  }),
  canary("no-alias-after-unmap-aliases", "vm_unmap_aliases does nothing", { unmapAliases: () => {} }),
  canary("flush-only-once", "vm_unmap_aliases flushes once more", {
    unmapAliases: (state) => {
      steps.unmapAliases(state, steps);
      flushTlbKernelRange(state, 0, state.scope.wordPages);
    },
  }),
  canary("flush-well-formed", "flushes a page less", {
    purge: (state, dirty, pools) => {
      steps.purge(state, dirty, pools);
      state.flushes = state.flushes.map(({ start, end }) => ({ start, end: end - 1 }));
    },
  }),
  canary("finds-areas", "looks a page above", {
    find: (state, page) => findByAnyPage(state, page + 1),
  }),
  canary("one-flush-per-purge", "flushes page by page", {
    purge: (state, dirty, pools) => {
      steps.purge(state, dirty, pools);
      state.flushes = state.flushes.flatMap(({ start, end }) =>
        Array.from({ length: end - start }, (_none, nth) => ({ start: start + nth, end: start + nth + 1 })),
      );
    },
  }),
  neverGivesBack,
  onlyGoesUp,
  keepsWhatItPurged,
  canary("lazy-count", "counts areas, not pages", {
    keepLazy: (state, slot) => {
      const before = state.lazyPages;
      steps.keepLazy(state, slot);
      state.lazyPages = before + 1;
    },
  }),
];
