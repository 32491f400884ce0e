/** When lazily freed areas are flushed and released, and what must have happened before reuse. */
import type { Free, UnmapRam } from "../commands.ts";
import { type Pages, roundedUp } from "../vocabulary.ts";
import { lazyLimit, type World } from "../world.ts";
import { mayPool, newArea, purged, requestOf, searchFailed, type VmapLaw } from "./law.ts";

export const purgeOnlyWhenFull: VmapLaw = {
  id: "purge-only-when-full",
  says: "An allocation purges only if nothing fits before (with pools, only on one CPU); what is let go purges only above lazy_max_pages.",
  source: "seed 000: one TLB flush for many unmaps; seed 002: closer to an amortized O(1)",
  holds(before, command, response) {
    if (!purged(response)) return true;
    switch (command.op) {
      case "alloc":
      case "vmap":
      case "mapRam":
        return requestOf(before, command) === undefined || mayPool(before) || searchFailed(before, command);
      case "free":
      case "unmapRam":
        return before.lazyPages + pagesMadeLazy(before, command) > lazyLimit(before);
      default:
        return true;
    }
  },
};

/** The pages that this command makes lazy: those of an area, or of a block if it gives back the last of it. */
function pagesMadeLazy(before: World, command: Free | UnmapRam): Pages {
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

export const flushBeforeReuse: VmapLaw = {
  id: "flush-before-reuse",
  says: "A page is handed out again only after every CPU's TLB was flushed for it since its owner let go.",
  source: "seed 000: addresses are not allocated again until a subsequent TLB flush",
  holds(before, command, response, after) {
    const placed = newArea(before, command, response);
    return placed === undefined || after === undefined || !after.unflushedIn(placed);
  },
};

export const flushWellFormed: VmapLaw = {
  id: "flush-well-formed",
  says: "Every flush has start < end, and covers what is about to be released.",
  source: "catalogue B9 (31e67340cc65), B8 (8e41f8726dcf)",
  holds(before, _command, response, after) {
    for (const flush of response.flushes) if (flush.start >= flush.end) return false;
    return after === undefined || after.releasedUnflushed <= before.releasedUnflushed;
  },
};

export const flushOnlyOnce: VmapLaw = {
  id: "flush-only-once",
  says: "What was flushed and not touched since is not flushed again by vm_unmap_aliases.",
  source: "catalogue C9 (a09fad96ffb1, 6.5)",
  holds(before, command, response) {
    if (command.op !== "unmapAliases") return true;
    return response.flushes.every((flush) => before.unflushedIn(flush));
  },
};

export const lazyCount: VmapLaw = {
  id: "lazy-count",
  says: "The lazy counter equals the lazy pages, whenever nothing is in flight.",
  source: "catalogue B1 (88f5004430ba), B3",
  holds(_before, _command, response, after) {
    if (after === undefined || response.lazyPages === undefined) return true;
    return response.lazyPages === after.lazyPages;
  },
};

export const lazyBounded: VmapLaw = {
  id: "lazy-bounded",
  says: "Lazy pages never exceed lazy_max_pages() plus what is in flight.",
  source: "seed 002: a significant number accumulate that can be flushed in a single batch; catalogue A15",
  holds(_before, _command, _response, after) {
    return after === undefined || after.lazyPages <= lazyLimit(after);
  },
};
