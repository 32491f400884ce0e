/** When lazily freed areas are flushed and released, and what must have happened before reuse. */
import { lazyLimit } from "../world.ts";
import { placedExtent, purged, type VmapLaw } from "./law.ts";

export const purgeOnlyWhenFull: VmapLaw = {
  id: "purge-only-when-full",
  says: "An allocation purges only if nothing fits before; a free purges only above lazy_max_pages.",
  source: "seed 000: one TLB flush for many unmaps; seed 002: closer to an amortized O(1)",
  holds(before, command, response) {
    if (!purged(response)) return true;
    if (command.op === "alloc") return before.lowestFit(command, "taken") === undefined;
    if (command.op !== "free") return true;
    const area = before.busyAt(command.start);
    const freed = area === undefined ? 0 : area.end - area.start;
    return before.lazyPages + freed > lazyLimit(before);
  },
};

export const flushBeforeReuse: VmapLaw = {
  id: "flush-before-reuse",
  says: "A page is handed out again only after every CPU's TLB was flushed for it since its owner let go.",
  source: "seed 000: addresses are not allocated again until a subsequent TLB flush",
  holds(before, command, response, after) {
    if (command.op !== "alloc" || response.kind !== "placed" || after === undefined) return true;
    return !after.unflushedIn(placedExtent(before, command, response.start));
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
    return after === undefined || response.lazyPages === undefined || response.lazyPages === after.lazyPages;
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
