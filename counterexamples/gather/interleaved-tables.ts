/** Bugs of page tables that are freed, or shared, while others walk them. */
import type { InterleavedBug } from "../interleaved.ts";

export const OF_TABLES: readonly InterleavedBug[] = [
  {
    id: "rcu-table-no-invalidate",
    number: "D10",
    says: "A page table is freed after an IPI or a grace period, and no cache of upper levels was flushed: if no batch can be had, a CPU that takes the IPI still goes through its cached entry into the freed table.",
    source:
      "d86564a2f085, mm/tlb, x86/mm: Support invalidating TLB caches for RCU_TABLE_FREE; reported by Jann Horn",
    fixed: "4.19",
    violations: [
      {
        law: "freed-table-not-walked",
        protocol: "tables-4.15-without-shortcut",
        scope: { cpus: 2, remote: 0 },
        pinned: "interleaving.json",
        repaired: "tables-4.19",
      },
    ],
  },
  {
    id: "rcu-table-mm-users",
    number: "D11",
    says: "With mm_users below 2 a page table is freed at once. Yet CPUs that run a kernel thread on the mm (lazy), and the CPU itself, still walk through it ahead of need.",
    source:
      "a6f572084fbe, mm/tlb: Remove tlb_remove_table() non-concurrent condition; reported by Will Deacon",
    fixed: "4.19",
    violations: [
      {
        law: "freed-table-not-walked",
        protocol: "tables-4.15-invalidating",
        also: ["tables-4.15"],
        scope: { cpus: 2, remote: 0 },
        pinned: "interleaving.json",
        repaired: "tables-4.19",
      },
    ],
  },
  {
    id: "mm-users-shortcut-remote-walk",
    number: undefined,
    says: "With mm_users below 2 a page table is freed at once. Yet another CPU walks it for the mm without using the mm: the faults of Cell's SPEs.",
    source:
      "Benjamin Herrenschmidt in the thread of the preemptible mmu_gather, April 2010: this mm_users optimisation may be bogus",
    fixed: "4.19, with the shortcut",
    violations: [
      {
        law: "freed-table-not-walked",
        protocol: "tables-2.6.28-powerpc",
        also: ["tables-3.0-powerpc"],
        scope: { cpus: 2, remote: 1 },
        pinned: "interleaving.json",
        repaired: "tables-3.0-sparc",
      },
    ],
  },
  {
    id: "rcu-ignores-irqs-off",
    number: undefined,
    says: "Walks of page tables only disable interrupts. An RCU whose grace periods are not driven by interrupts does not wait for them.",
    source:
      "the doubt of Peter Zijlstra and Paul McKenney in the thread of April 2010; no release had such an RCU",
    fixed: "never released",
    violations: [
      {
        law: "freed-table-not-walked",
        protocol: "tables-3.0-irq-blind",
        scope: { cpus: 2, remote: 0 },
        pinned: "interleaving.json",
        repaired: "tables-3.0-sparc",
      },
    ],
  },
  {
    id: "quicklist-under-lockless-walk",
    number: undefined,
    says: "A page table goes to the quicklist of its CPU at once, and is used again while a TSB miss on another CPU walks it.",
    source:
      "inferred from David Miller's move of sparc64 from quicklists to RCU, in the thread of April 2010",
    fixed: "3.0",
    violations: [
      {
        law: "freed-table-not-walked",
        protocol: "tables-2.6.33-sparc",
        scope: { cpus: 2, remote: 0 },
        pinned: "interleaving.json",
        repaired: "tables-3.0-sparc",
      },
    ],
  },
  {
    id: "hugetlb-unshare-vs-gup",
    number: "D14",
    says: "A shared page table is unshared, and its last user uses it as an ordinary one. GUP-fast for the first mm is still in it, because a broadcast flush does not wait for walks.",
    source: "1013af4f585f, mm/hugetlb: fix huge_pmd_unshare() vs GUP-fast race; Jann Horn",
    fixed: "6.16",
    violations: [
      {
        law: "freed-table-not-walked",
        protocol: "tables-6.15-unshare",
        scope: { cpus: 2, remote: 0 },
        pinned: "interleaving.json",
        repaired: "tables-6.16-unshare",
      },
    ],
  },
  {
    id: "gup-fast-vs-collapse",
    number: "D16",
    says: "khugepaged clears a pmd, and a broadcast flush does not wait for GUP-fast. GUP-fast, which read the pmd before, takes a reference after khugepaged has looked for one, and looks again only at the PTE.",
    source:
      "70cbc3cc78a9, mm: gup: fix the fast GUP race against THP collapse; 2ba99c5e0881, mm/khugepaged: fix GUP-fast interaction by sending IPI",
    fixed: "6.0; for files 6.1",
    violations: [
      {
        law: "pinned-page-stays",
        protocol: "collapses-5.19",
        scope: { cpus: 2 },
        pinned: "interleaving.json",
        repaired: "collapses-6.0",
      },
      {
        law: "freed-table-not-walked",
        protocol: "tables-6.0-collapse-of-files",
        scope: { cpus: 2, remote: 0 },
        pinned: "collapse-of-files.json",
        repaired: "tables-6.1-collapse-of-files",
      },
    ],
  },
  {
    id: "collapse-lazy-cpu",
    number: "D17",
    says: "A collapse frees a page table, but its flush does not say so. Lazy CPUs are passed over, and go through their cached entry into the freed table.",
    source: "3ef938c35035, x86/mm: Fix flush_tlb_range() when used for zapping normal PMDs; Jann Horn",
    fixed: "6.15",
    violations: [
      {
        law: "freed-table-not-walked",
        protocol: "tables-6.14-collapse",
        scope: { cpus: 2, remote: 0 },
        pinned: "interleaving.json",
        repaired: "tables-6.15-collapse",
      },
    ],
  },
];
