/** When lazily freed areas are flushed and released, and what must have happened before reuse. */

import type { Command, Free, PcpuFree, Response, UnmapRam } from "../commands.ts";
import { isLittleLeft } from "../scope.ts";
import { type Pages, roundedUp } from "../vocabulary.ts";
import { lazyLimit, type World } from "../world.ts";
import { everyNewArea, purged, searchFailed, type VmapLaw, windowOf } from "./law.ts";

export const purgeOnlyWhenFull: VmapLaw = {
  id: "purge-only-when-full",
  says: "An allocation or a map purges only if nothing fits before, beside what pools may hold; a free or an unmap only if it leaves more than lazy_max_pages lazy.",
  source: "db64fe02: one TLB flush for many unmaps; 89699605: closer to an amortized O(1)",
  worldAfterViolation: "sound",
  isPromisedByAll: true,
  holds(before, command, response) {
    if (!purged(response)) return true;
    switch (command.op) {
      case "free":
      case "unmapRam":
      case "pcpuFree":
        return before.lazyPages + pagesMadeLazy(before, command) > lazyLimit(before);
      default:
        return windowOf(before, command) === undefined || searchFailed(before, command);
    }
  },
};

/** The pages that this command makes lazy: of areas, or of a block whose last pages it gives back. */
function pagesMadeLazy(before: World, command: Free | UnmapRam | PcpuFree): Pages {
  if (command.op !== "pcpuFree") return pagesOfOne(before, command);
  return command.offsets.reduce(
    (pages, offset) => pages + pagesOfOne(before, { op: "free", start: command.start + offset }),
    0,
  );
}

function pagesOfOne(before: World, command: Free | UnmapRam): Pages {
  const { start } = command;
  let most = 0;
  for (const area of before.areasIn({ start, end: start + 1 })) {
    const back = command.op === "unmapRam" ? roundedUp(command.count) : 0;
    const pages = area.end - area.start;
    const goes = area.block === undefined ? area.start === start : area.block.givenBack + back === pages;
    if (goes) most = Math.max(most, pages);
  }
  return most;
}

export const oneFlushPerPurge: VmapLaw = {
  id: "one-flush-per-purge",
  says: "Each purge flushes once: a call flushes no more often than it may purge.",
  source: "db64fe02: a single TLB flush serves many unmaps; no recorded reply has more than one",
  worldAfterViolation: "sound",
  isPromisedByAll: true,
  holds(before, command, response) {
    const { length } = response.flushes;
    return length < 2 || length <= mostPurges(before, command, response);
  },
};

/**
 * The maximum number of purges of one call that flush. A search that fails purges once before it is tried again.
 * vm_unmap_aliases, a purge and a free that leaves too many lazy pages purge once. Their purge leaves nothing lazy for
 * the worker of 5.18 (690467c81b1a). Two calls free areas after that: a map whose pages cannot be mapped frees its
 * area, and pcpu_free_vm_areas, up to 5.17, may purge after each of its areas.
 */
function mostPurges(before: World, command: Command, response: Response): number {
  // It purges repeatedly, once each time. calls-return and argument-domain report that.
  if (response.kind === "hung") return Number.POSITIVE_INFINITY;
  switch (command.op) {
    case "vmap":
    case "mapRam":
      return response.kind === "refused" ? 2 : 1;
    case "pcpuFree":
      return before.promises.purgesLater ? 1 : timesAboveLimit(before, command);
    default:
      return 1;
  }
}

/** How often the lazy pages exceed the limit while areas are freed one after another, with a purge each time. */
function timesAboveLimit(before: World, { start, offsets }: PcpuFree): number {
  let times = 0;
  let lazy = before.lazyPages;
  for (const offset of offsets) {
    lazy += pagesOfOne(before, { op: "free", start: start + offset });
    if (lazy <= lazyLimit(before)) continue;
    times += 1;
    lazy = 0;
  }
  return times;
}

export const flushBeforeReuse: VmapLaw = {
  id: "flush-before-reuse",
  says: "A page is in a new area only after every CPU's TLB was flushed for it since its owner freed or unmapped it.",
  source: "db64fe02: addresses are not allocated again until a subsequent TLB flush",
  isPromisedByAll: true,
  holds(before, command, response, after) {
    return (
      after === undefined || everyNewArea(before, command, response, (placed) => !after.unflushedIn(placed))
    );
  },
};

export const flushWellFormed: VmapLaw = {
  id: "flush-well-formed",
  says: "Every flush has start < end, and the flushes of a call cover what it releases.",
  source: "catalogue B9 (31e67340cc65), B8 (8e41f8726dcf)",
  isPromisedByAll: true,
  holds(before, _command, response, after) {
    for (const flush of response.flushes) if (flush.start >= flush.end) return false;
    return after === undefined || after.releasedUnflushed <= before.releasedUnflushed;
  },
};

export const flushOnlyOnce: VmapLaw = {
  id: "flush-only-once",
  says: "In each range that vm_unmap_aliases flushes lies a page that was freed or unmapped and not flushed since.",
  source: "catalogue C9 (a09fad96ffb1, 6.5)",
  needs: ["unmapAliases"],
  holds(before, command, response) {
    if (command.op !== "unmapAliases") return true;
    return response.flushes.every((flush) => before.unflushedIn(flush));
  },
};

export const usableBlocksStay: VmapLaw = {
  id: "usable-blocks-stay",
  says: "vm_unmap_aliases leaves a block where it is of which at least a quarter was never given out.",
  source: "catalogue C8 (6.5, the series of ca5e46c3400b)",
  needs: ["unmapAliases"],
  holds(before, command, _response, after) {
    if (command.op !== "unmapAliases" || after === undefined) return true;
    // If a release promises that such a block stays, the world keeps it. Only descriptors show that it is gone.
    const lostOne = after.leakedDescriptors < before.leakedDescriptors;
    return !lostOne && usableBlocks(after) >= usableBlocks(before);
  },
};

function usableBlocks(world: World): number {
  const everywhere = { start: 0, end: world.scope.wordPages };
  return world
    .areasIn(everywhere)
    .filter(
      ({ start, end, life, block }) =>
        life === "busy" && block !== undefined && !isLittleLeft(end - start, block.given),
    ).length;
}

export const lazyCount: VmapLaw = {
  id: "lazy-count",
  says: "Whenever nothing is in flight, the lazy counter equals the lazy pages.",
  source: "catalogue B1 (88f5004430ba), B3",
  isPromisedByAll: true,
  holds(_before, _command, response, after) {
    if (after === undefined || response.lazyPages === undefined) return true;
    return response.lazyPages === after.lazyPages;
  },
};

export const lazyBounded: VmapLaw = {
  id: "lazy-bounded",
  says: "Whenever nothing is in flight, lazy pages do not exceed lazy_max_pages().",
  source: "89699605: a significant number accumulate that can be flushed in a single batch; catalogue A15",
  // The kernel's own limit is far above what a small space holds.
  isTriedIn: ({ lazyMaxPages }) => lazyMaxPages !== null,
  isPromisedByAll: true,
  holds(_before, _command, _response, after) {
    return after === undefined || after.lazyPages <= lazyLimit(after);
  },
};
