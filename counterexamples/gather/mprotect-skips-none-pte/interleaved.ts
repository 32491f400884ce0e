import type { InterleavedBug } from "../../interleaved.ts";

export const mprotectSkipsNonePte: InterleavedBug = {
  id: "mprotect-skips-none-pte",
  number: "D5",
  says: "Reclaim clears a PTE and defers its flush. munmap finds no PTE, flushes nothing and returns, while a CPU still translates the address.",
  source:
    "3ea277194daa, mm, mprotect: flush TLB if potentially racing with a parallel reclaim leaving stale TLB entries",
  fixed: "4.13",
  violations: [
    {
      law: "unmap-leaves-nothing-stale",
      protocol: "reclaims-4.12",
      scope: { cpus: 2, pages: 1 },
      pinned: "interleaving.json",
      repaired: "reclaims-4.13",
    },
  ],
};
