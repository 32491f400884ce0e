/** What page tables, TLBs and caches may still hold. */
import type { VmapLaw } from "./law.ts";

export const noStaleTranslation: VmapLaw = {
  id: "no-stale-translation",
  says: "A CPU that touches a live mapping reaches the frame mapped there now.",
  source: "db64fe02: vmap addresses need no flush when unmapped because they are not reused until one",
  needs: ["touch", "write"],
  isPromisedByAll: true,
  holds(before, command, response) {
    if (command.op !== "touch" || response.kind !== "reached") return true;
    const frame = before.frameAt(command.page);
    return frame === undefined || response.frame === frame;
  },
};

export const noAliasAfterUnmapAliases: VmapLaw = {
  id: "no-alias-after-unmap-aliases",
  says: "When vm_unmap_aliases returns, no PTE is left of what was freed or unmapped before, and no CPU's TLB translates it.",
  source:
    "db64fe02: Xen and PAT call vm_unmap_aliases() to flush any deferred mappings; Nick Piggin to Jeremy Fitzhardinge, linux-kernel, 2008-06-09",
  needs: ["unmapAliases"],
  worldAfterViolation: { explored: "doubtful", random: "sound" },
  holds(before, command, response, after) {
    // Before vmalloc_init nothing was mapped yet: the call does nothing there (init-order).
    if (command.op !== "unmapAliases" || !before.initialised) return true;
    if (after !== undefined && (after.deadPtes > 0 || after.deadTranslations > 0)) return false;
    if (response.kind !== "done" || response.aliases === undefined) return true;
    const { staleTlb, deadTlb, deadPtes } = response.aliases;
    return staleTlb.length === 0 && deadTlb.length === 0 && deadPtes === 0;
  },
};

export const pinnedIsUnaliased: VmapLaw = {
  id: "pinned-is-unaliased",
  says: "When a frame is pinned as a page table, no PTE maps it and no CPU's TLB may.",
  source:
    "Jeremy Fitzhardinge, linux-kernel, 2008-06-07: Xen unmaps aliases for a page that goes into a page table; catalogue B5, C7",
  needs: ["pin"],
  worldAfterViolation: { explored: "doubtful", random: "sound" },
  holds(before, _command, response, after) {
    if (response.kind !== "pinned" || after === undefined || !before.initialised) return true;
    return response.ptes === 0 && !after.mayBeMapped(response.frame);
  },
};

export const unmappedMeansNoPte: VmapLaw = {
  id: "unmapped-means-no-pte",
  says: "After a free or an unmap returns its PTEs are gone, and a walk to a page that no caller holds finds none.",
  source: "64141da58724 (2.6.37); catalogue B5",
  needs: ["allocMapped", "map", "vmap"],
  holds(before, command, response, after) {
    if (command.op === "touch") {
      const walked = response.kind === "reached" && !response.hit && response.frame !== null;
      return !walked || before.frameAt(command.page) !== undefined;
    }
    if ((command.op !== "free" && command.op !== "unmapRam") || after === undefined) return true;
    return after.deadPtes <= before.deadPtes;
  },
};

export const cacheFlushedBeforeUnmap: VmapLaw = {
  id: "cache-flushed-before-unmap",
  says: "A call that takes a PTE away leaves no dirty line of its page in a virtually indexed cache.",
  source: "catalogue B4 (b29acbdcf877): such a line is written back over the frame's next use",
  needs: ["write"],
  holds(before, _command, response, after) {
    if (after === undefined || response.dirtyLines === undefined) return true;
    for (const page of response.dirtyLines) {
      // The dirty line of a page that had no mapping before is its caller's own: it wrote after the unmap.
      if (after.pteAt(page) === undefined && before.pteAt(page) !== undefined) return false;
    }
    return true;
  },
};
