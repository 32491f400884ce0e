import type { InterleavedBug } from "../../interleaved.ts";

export const pfnmapUnlinkBeforeFlush: InterleavedBug = {
  id: "pfnmap-unlink-before-flush",
  number: "D15",
  says: "munmap unlinks the vma of a driver's frame from the rmap before it flushes. The driver finds no vma, and frees a frame that a CPU still translates.",
  source: "b67fbebd4cf9, mmu_gather: Force tlb-flush VM_PFNMAP vmas; reported by Jann Horn",
  fixed: "5.19",
  violations: [
    {
      law: "freed-not-reached",
      protocol: "pfnmaps-5.18",
      scope: { cpus: 2 },
      pinned: "interleaving.json",
      repaired: "pfnmaps-5.19",
    },
  ],
};
