/** That the allocator stays whole: no stop, no leak, no freed memory, no obedience to nonsense. */
import type { VmapLaw } from "./law.ts";

export const noBug: VmapLaw = {
  id: "no-bug",
  says: "A legal call never stops the kernel (BUG_ON).",
  source: "seed 002: the BUG_ON(first->va_start < addr) of the drafts; afd07389d3f4",
  holds(_before, _command, response) {
    return response.kind !== "bug";
  },
};

export const nothingLeaks: VmapLaw = {
  id: "nothing-leaks",
  says: "When all is freed and purged, space, descriptors and blocks are as they began; a refused call leaves nothing behind.",
  source: "catalogue A5 (2498ce42d3a3), C2, C3",
  holds(before, _command, _response, after) {
    return after === undefined || after.leakedDescriptors <= before.leakedDescriptors;
  },
};

export const noUseAfterFree: VmapLaw = {
  id: "no-use-after-free",
  says: "No freed descriptor or block is read.",
  source: "catalogue B2 (cbb766766b6)",
  holds(_before, _command, response) {
    return response.usedAfterFree !== true;
  },
};

export const argumentDomain: VmapLaw = {
  id: "argument-domain",
  says: "A call outside its domain (free of what is not held) is refused, not obeyed.",
  source: "catalogue section 9; find_vmap_area finds an area by its exact start (code of db64fe02)",
  holds(before, command, response) {
    if (command.op !== "free" || before.busyAt(command.start) !== undefined) return true;
    if (response.kind === "bug") return true;
    const counted = response.lazyPages ?? before.lazyPages;
    return response.flushes.length === 0 && response.pteCleared === 0 && counted === before.lazyPages;
  },
};
