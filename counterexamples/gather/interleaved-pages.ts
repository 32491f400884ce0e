/** Bugs of pages that are unmapped while others reach them. */
import type { InterleavedBug } from "../interleaved.ts";

export const OF_PAGES: readonly InterleavedBug[] = [
  {
    id: "tlb-fast-mode",
    number: "D1",
    says: "On one CPU pages are freed at once and the TLB is flushed at the end. Since gathers may be preempted, another task of the mm runs in between, and reaches a freed page through the TLB.",
    source: "29eb77825cc7, arch, mm: Remove tlb_fast_mode(); reported by Max Filippov",
    fixed: "3.10",
    violations: [
      {
        law: "freed-not-reached",
        protocol: "zaps-3.0",
        scope: { cpus: 1, tasks: 2, pages: 1, preempts: 1 },
        pinned: "interleaving.json",
        repaired: "zaps-3.10",
      },
    ],
  },
  {
    id: "numa-migrate-vs-pending-flush",
    number: "D4",
    says: "A NUMA migration takes a PTE that change_protection made inaccessible for one that no CPU translates. The flush of that change is still due, and a CPU writes to the page while it is copied.",
    source: "20841405940e, mm: fix TLB flush race between migration, and change_protection_range",
    fixed: "3.13",
    violations: [
      {
        law: "copied-page-unreached",
        protocol: "protects-3.12",
        scope: { cpus: 2 },
        pinned: "interleaving.json",
        repaired: "protects-4.13",
      },
    ],
  },
  {
    id: "pending-flush-is-boolean",
    number: undefined,
    says: "tlb_flush_pending is a boolean. Of two changes of protection on one mm, the one that ends first clears it while the flush of the other is still due.",
    source: "16af97dc5a89, mm: migrate: prevent racy access to tlb_flush_pending",
    fixed: "4.13",
    violations: [
      {
        law: "copied-page-unreached",
        protocol: "protects-3.13",
        scope: { cpus: 2 },
        pinned: "interleaving.json",
        repaired: "protects-4.13",
      },
    ],
  },
  {
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
  },
  {
    id: "batched-flush-flag-lost",
    number: undefined,
    says: "munmap flushes because reclaim deferred a flush, and then clears the flag. What reclaim deferred in between, under another page table lock, is forgotten.",
    source: "5ee2fa2f0636, mm/rmap: fix potential batched TLB flush race (commit and version from memory)",
    fixed: "5.17",
    violations: [
      {
        law: "unmap-leaves-nothing-stale",
        protocol: "reclaims-4.13",
        scope: { cpus: 2, pages: 2 },
        pinned: "interleaving.json",
        repaired: "reclaims-5.17",
      },
    ],
  },
  {
    id: "madv-flush-miss",
    number: "D6",
    says: "Two zaps on one mm: the first has cleared the PTEs and not yet flushed. The second finds none, flushes nothing and returns to its task, and a CPU still translates the addresses.",
    source: "99baac21e458, mm: fix MADV_[FREE|DONTNEED] TLB flush miss problem; Nadav Amit",
    fixed: "4.13",
    violations: [
      {
        law: "finish-leaves-nothing-stale",
        protocol: "zaps-3.10",
        also: ["zaps-2.6.39", "zaps-3.0"],
        scope: { cpus: 2, tasks: 2, pages: 1, preempts: 1 },
        pinned: "interleaving.json",
        repaired: "zaps-4.15",
      },
    ],
  },
  {
    id: "oom-reaper-fullmm",
    number: "D7",
    says: "The OOM reaper gathers the mm of its victim as one that is dead, so arm64 flushes nothing. Tasks of the victim still run, and reach freed pages.",
    source: "687cb0884a71, mm, oom_reaper: gather each vma to prevent leaking TLB entry",
    fixed: "4.15",
    violations: [
      {
        law: "freed-not-reached",
        protocol: "zaps-4.14",
        scope: { cpus: 2, tasks: 2, pages: 1, preempts: 0 },
        pinned: "interleaving.json",
        repaired: "zaps-4.15",
      },
      {
        law: "finish-leaves-nothing-stale",
        protocol: "zaps-4.14",
        scope: { cpus: 2, tasks: 1, pages: 1, preempts: 0 },
        pinned: "beside-a-zap.json",
        repaired: "zaps-4.15",
      },
    ],
  },
  {
    id: "mremap-dirty-pte",
    number: "D8",
    says: "mremap moves a dirty PTE and flushes the old address after it has released the locks. The page is cleaned at its new address meanwhile; a CPU writes through its dirty entry of the old one, and nothing records the write.",
    source: "5d1904204c99, mremap: fix race between mremap() and page cleanning",
    fixed: "4.9",
    violations: [
      {
        law: "no-write-lost",
        protocol: "mremaps-4.8",
        scope: { cpus: 2 },
        pinned: "interleaving.json",
        repaired: "mremaps-4.9",
      },
    ],
  },
  {
    id: "mremap-late-flush",
    number: "D9",
    says: "mremap flushes the old address after it has released the page table locks. Truncation frees the page at its new address meanwhile, and a CPU reaches it through the old one.",
    source: "eb66ae030829, mremap: properly flush TLB before releasing the page; reported by Jann Horn",
    fixed: "4.19",
    violations: [
      {
        law: "freed-not-reached",
        protocol: "mremaps-4.9",
        also: ["mremaps-4.8"],
        scope: { cpus: 2 },
        pinned: "interleaving.json",
        repaired: "mremaps-4.19",
      },
    ],
  },
  {
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
  },
  {
    id: "ppc-hash-duplicate",
    number: "D18",
    says: "The lock of a cleared PTE is released before its hash entry is invalidated. The PTE is set again, and a second entry for the address goes into the hash table.",
    source:
      "the rule of the preemptible mmu_gather series (linux-mm 20110307172206.557810970); a mutant, or a lock made preemptible",
    fixed: "never released",
    violations: [
      {
        law: "one-hash-entry",
        protocol: "hashes-2.6.28-unlocking-first",
        scope: { cpus: 2, tasks: 2, preempts: 1 },
        pinned: "interleaving.json",
        repaired: "hashes-2.6.28",
      },
      {
        law: "no-hash-entry-left",
        protocol: "hashes-2.6.28-preemptible",
        scope: { cpus: 2, tasks: 2, preempts: 1 },
        pinned: "preempted.json",
        repaired: "hashes-2.6.28",
      },
    ],
  },
  {
    id: "ppc-lazy-mode-preemptible",
    number: undefined,
    says: "Lazy mode is entered where a task may be preempted: it reads the address of its CPU's batch, moves, and makes the batch of the other CPU active. An invalidation there waits in it for ever.",
    source: "b9ef323ea168, powerpc/64s: Disable preemption in hash lazy mmu mode; the window is inferred",
    fixed: "6.2",
    violations: [
      {
        law: "no-hash-entry-left",
        protocol: "hashes-6.1",
        scope: { cpus: 2, tasks: 2, preempts: 1 },
        pinned: "interleaving.json",
        repaired: "hashes-6.2",
      },
    ],
  },
];
