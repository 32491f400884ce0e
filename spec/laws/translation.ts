/** What page tables and TLBs may still say. */
import type { VmapLaw } from "./law.ts";

export const noStaleTranslation: VmapLaw = {
  id: "no-stale-translation",
  says: "A CPU that touches a live mapping reaches the frame mapped there now.",
  source: "seed 000: vmap addresses need no flush when unmapped because they are not reused until one",
  holds(before, command, response) {
    if (command.op !== "touch" || response.kind !== "reached") return true;
    const frame = before.frameAt(command.page);
    return frame === undefined || response.frame === frame;
  },
};

export const noAliasAfterUnmapAliases: VmapLaw = {
  id: "no-alias-after-unmap-aliases",
  says: "When vm_unmap_aliases returns, no PTE and no CPU's TLB maps a frame that was let go before.",
  source: "seed 000: Xen and PAT call vm_unmap_aliases() to flush any deferred mappings; seed 001",
  holds(_before, command, response, after) {
    if (command.op !== "unmapAliases") return true;
    if (after !== undefined && (after.deadPtes > 0 || after.deadTranslations > 0)) return false;
    if (response.kind !== "done" || response.aliases === undefined) return true;
    const { staleTlb, deadTlb, deadPtes } = response.aliases;
    return staleTlb.length === 0 && deadTlb.length === 0 && deadPtes === 0;
  },
};

export const unmappedMeansNoPte: VmapLaw = {
  id: "unmapped-means-no-pte",
  says: "After an unmap returns the PTE is gone.",
  source: "64141da58724 (2.6.38); catalogue B5",
  holds(before, command, _response, after) {
    if (command.op !== "free" || after === undefined) return true;
    return after.deadPtes <= before.deadPtes;
  },
};
