/** Bugs of callers' contexts, masks and side tables that need calls to interleave, or several steps of one call. */
import type { InterleavedBug } from "../interleaved.ts";

export const OF_CONTEXTS: readonly InterleavedBug[] = [
  {
    id: "purge-flushes-per-area",
    number: "B13",
    says: "With KASAN, a purge empties the shadow of each area that it releases and flushes every TLB for each.",
    source: "9e9e085effe9 (Adrian Huang, 2024-07-26, Fixes 282631cb2447); it was so since 3c5c3cfb9ef4 (5.5)",
    fixed: "6.13, and what was left of it in 2026 (5747435e0fd4)",
    violations: [
      {
        law: "table-flushed-once",
        protocol: "kasan-6.9",
        also: ["kasan-5.5-rc1", "kasan-5.5"],
        scope: { cpus: 1, places: 2, sharing: 1 },
        pinned: "interleaving.json",
        repaired: "kasan-6.13",
      },
    ],
  },
  {
    id: "caller-context",
    number: "B16",
    says: "From 6.19 on vmalloc may be called without waiting, also with bottom halves disabled; its assertion takes that for an interrupt, and stops the kernel.",
    source:
      "04aa71da5f35 (CVE-2026-63955, syzbot 8b12fc6e0fb139765b58): a bridge that adds a VLAN under spin_lock_bh",
    fixed: "7.1 (7.0.12)",
    violations: [
      {
        law: "serves-allowed-contexts",
        protocol: "contexts-6.19",
        scope: { cpus: 1, shadow: 0 },
        pinned: "interleaving.json",
        repaired: "contexts-7.1",
      },
    ],
  },
  {
    id: "shadow-gfp",
    number: "B18",
    says: "KASAN allocates the shadow of an area with GFP_KERNEL, whatever mask vmalloc was called with: a filesystem that calls it with GFP_NOFS is entered again through reclaim.",
    source: "79357cd06d41 (CVE-2025-39910); xfs calls vmalloc with GFP_NOFS",
    fixed: "6.17 (6.16.8)",
    violations: [
      {
        law: "obeys-mask",
        protocol: "contexts-6.15",
        also: ["contexts-5.17", "contexts-6.16-rc1", "contexts-6.16"],
        scope: { cpus: 1, shadow: 1 },
        pinned: "interleaving.json",
        repaired: "contexts-6.17",
      },
    ],
  },
  {
    id: "shadow-race",
    number: "B19",
    says: "Two areas share a page of shadow. A purge has seen that no area is live there, and which page it is, before it takes the lock: it clears the entry of an area that was made meanwhile.",
    source:
      '"mm/kasan: fix vmalloc shadow memory (de-)population races", Alexander Gordeev, 2025-08-18: entries are tested and read outside the lock; an order of ours, as no release both empties what neighbours share and holds no lock',
    latent: true,
    fixed: "6.17 reads under the lock; from 6.9 on a purge leaves what areas share",
    violations: [
      {
        law: "entry-is-its-owners",
        protocol: "kasan-5.5-without-lock",
        scope: { cpus: 2, places: 2, sharing: 2 },
        pinned: "entry-is-its-owners.json",
        repaired: "kasan-5.5-flushing-once",
      },
      {
        law: "touch-finds-entry",
        protocol: "kasan-5.5-without-lock",
        scope: { cpus: 2, places: 2, sharing: 2 },
        pinned: "touch-finds-entry.json",
        repaired: "kasan-5.5-flushing-once",
      },
    ],
  },
  {
    id: "shadow-sleeps",
    number: "B20",
    says: "apply_to_page_range calls back in lazy MMU mode, in which nothing may sleep on some architectures; the callback allocates a page of shadow there and may wait for memory.",
    source: "b6ea95a34cbd, Alexander Gordeev",
    fixed: "6.15",
    violations: [
      {
        law: "sleeps-only-where-it-may",
        protocol: "contexts-5.5",
        also: ["contexts-5.17"],
        scope: { cpus: 1, shadow: 1 },
        pinned: "interleaving.json",
        repaired: "contexts-6.15",
      },
    ],
  },
  {
    id: "lazy-mmu-left-on",
    number: "B21",
    says: "Where a PTE cannot be set, vmap_pages_pte_range returns an error and stays in lazy MMU mode; the call then frees what it had, which may sleep.",
    source: "fea18c686320, Alexander Gordeev; reported by Dan Carpenter",
    fixed: "6.16",
    violations: [
      {
        law: "sleeps-only-where-it-may",
        protocol: "contexts-6.16-rc1",
        scope: { cpus: 1, shadow: 0 },
        pinned: "interleaving.json",
        repaired: "contexts-6.16",
      },
    ],
  },
  {
    id: "ram-no-shadow",
    number: "B27",
    says: "Shadow is made by vmalloc alone: memory that vm_map_ram maps has none, and every touch of it faults.",
    source: "d98c9e83b5e7 (2019-12-05, syzbot 82e323920b78d54aaed5)",
    fixed: "5.5",
    violations: [
      {
        law: "touch-finds-entry",
        protocol: "kasan-5.5-rc1",
        scope: { cpus: 1, places: 1, sharing: 1 },
        pinned: "interleaving.json",
        repaired: "kasan-5.5",
      },
    ],
  },
  {
    id: "tables-ignore-mask",
    number: undefined,
    says: "Page tables of vmalloc are allocated with GFP_KERNEL, whatever mask it was called with. No release before 5.17 allowed other masks; filesystems passed them all the same.",
    source: "451769ebb7e7, Michal Hocko",
    latent: true,
    fixed: "5.17",
    violations: [
      {
        law: "obeys-mask",
        protocol: "contexts-5.4-called-with-any-mask",
        scope: { cpus: 1, shadow: 0 },
        pinned: "interleaving.json",
        repaired: "contexts-5.17",
      },
    ],
  },
  {
    id: "half-made-area-vfreed",
    number: undefined,
    says: "An area whose pages cannot be had is freed by vfree, as up to 6.18: a caller that may not wait sleeps there, or queues the area in memory of its own that is not mapped.",
    source: "9c47753167a6 (6.19), which came with the calls that may not wait; an order of ours without it",
    latent: true,
    fixed: "6.19, before it was released",
    violations: [
      {
        law: "queued-in-mapped-memory",
        protocol: "contexts-7.1-vfree-of-half-made",
        scope: { cpus: 1, shadow: 0 },
        pinned: "queued-in-mapped-memory.json",
        repaired: "contexts-7.1",
      },
      {
        law: "sleeps-only-where-it-may",
        protocol: "contexts-7.1-vfree-of-half-made",
        scope: { cpus: 1, shadow: 0 },
        pinned: "sleeps-only-where-it-may.json",
        repaired: "contexts-7.1",
      },
    ],
  },
  {
    id: "vmalloc-in-softirq",
    number: undefined,
    says: "From 04aa71da5f35 on no assertion refuses a vmalloc in a softirq, and its locks leave bottom halves on: a softirq that interrupts a process which holds one waits for that process, which cannot run.",
    source:
      "read in 7.2 and 7.3: BUG_ON(in_nmi() || in_hardirq()), and spin_lock of free_vmap_area_lock and of a node's; the documentation says that it cannot be called from interrupts",
    latent: true,
    fixed: "not fixed: spin_lock_bh, or an assertion that no softirq is served, would",
    violations: [
      {
        law: "locks-survive-interrupts",
        protocol: "contexts-7.1-called-in-softirqs",
        scope: { cpus: 1, shadow: 0 },
        pinned: "interleaving.json",
        repaired: "contexts-7.1-called-in-softirqs-locking-bh",
      },
    ],
  },
  {
    id: "nofail-meets-its-own-ptes",
    number: undefined,
    says: "From 5.17 on a vmalloc with __GFP_NOFAIL maps again what failed, from its first page, and unmaps nothing: if a second page table could not be had, it meets the PTEs that it set itself, warns, and tries again for ever.",
    source:
      "the loop of 9376130c390a around vmap_pages_range, run on the code of 6.1.192, 6.12.117, 7.2.12 and 7.3.4: each allocation of a call failing in turn",
    latent: true,
    fixed: "not fixed: vunmap_range_noflush before it tries again would",
    violations: [
      {
        law: "nofail-is-served",
        protocol: "contexts-7.1-mapping-two-tables",
        scope: { cpus: 1, shadow: 0 },
        pinned: "interleaving.json",
        repaired: "contexts-7.1-unmapping-before-it-tries-again",
      },
    ],
  },
  {
    id: "objects-dropped-late",
    number: undefined,
    says: "vfree releases an area, and drops the debug objects in it after that: another caller may have the addresses by then, and loses what it registered.",
    source: "f3c01d2f3ade",
    fixed: "4.18",
    violations: [
      {
        law: "entry-is-its-owners",
        protocol: "objects-2.6.28",
        scope: { cpus: 2, places: 1 },
        pinned: "entry-is-its-owners.json",
        repaired: "objects-4.18",
      },
      {
        law: "entry-ends-with-area",
        protocol: "objects-2.6.28",
        scope: { cpus: 2, places: 1 },
        pinned: "entry-ends-with-area.json",
        repaired: "objects-4.18",
      },
    ],
  },
  {
    id: "vrealloc-size",
    number: "B25",
    says: "vrealloc shrinks an area and poisons its end. It grows the area in place again and leaves the end poisoned: KASAN reports the owner's own access.",
    source:
      "d699440f58ce, mm: fix vrealloc()'s KASAN poisoning logic; reported by Andrii Nakryiko; since 3ddc2fefe6f3 (6.12)",
    fixed: "6.13 (version from memory); 6.12.117 has the repair",
    violations: [
      {
        law: "touch-finds-entry",
        protocol: "kasan-6.12-resizing",
        scope: { cpus: 1, places: 1, sharing: 1 },
        pinned: "interleaving.json",
        repaired: "kasan-6.13-resizing",
      },
    ],
  },
];
