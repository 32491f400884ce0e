/** Bugs of the locks of the rmap, and of address space identifiers. */
import type { InterleavedBug } from "../interleaved.ts";

export const OF_LOCKS: readonly InterleavedBug[] = [
  {
    id: "take-all-lock-order",
    number: undefined,
    says: "mm_take_all_locks takes the locks vma by vma, each mapping's and then its anon_vma's. vma_adjust holds the next mapping's and waits for that anon_vma's.",
    source: "7cd5a02f54f4, mm: fix mm_take_all_locks() locking order (commit from memory)",
    fixed: "2.6.27",
    violations: [
      {
        law: "no-deadlock",
        protocol: "take-all-2.6.27-rc1",
        scope: { cpus: 2, mappings: 2 },
        pinned: "interleaving.json",
        repaired: "take-all-2.6.27",
      },
    ],
  },
  {
    id: "take-all-without-preemption",
    number: undefined,
    says: "mm_take_all_locks holds a spinlock for each mapping and each anon_vma, so preemption is off for a time that the user decides, and the preempt count may overflow.",
    source: "the thread of April 2010; Avi Kivity's patch of 1 April 2010 (lkml 1004.0/00121)",
    fixed: "3.0: mutexes",
    violations: [
      {
        law: "few-locks-without-preemption",
        protocol: "take-all-2.6.27",
        also: ["take-all-2.6.27-rc1"],
        scope: { cpus: 2, mappings: 2 },
        pinned: "interleaving.json",
        repaired: "take-all-3.0",
      },
      {
        law: "few-locks-without-preemption",
        protocol: "take-all-2.6.27-half-converted",
        scope: { cpus: 2, mappings: 3 },
        pinned: "half-converted.json",
        repaired: "take-all-3.0",
      },
    ],
  },
  {
    id: "mutex-taken-while-atomic",
    number: undefined,
    says: "A lock of the rmap is a mutex where the caller may not sleep: it holds another that is a spinlock still, or is in an RCU read section.",
    source:
      "a mutant; page_lock_anon_vma in a straight conversion of April 2010, without the references of its series",
    fixed: "never released",
    violations: [
      {
        law: "no-sleep-while-atomic",
        protocol: "take-all-2.6.27-rc1-half-converted",
        scope: { cpus: 2, mappings: 2 },
        pinned: "interleaving.json",
        repaired: "take-all-2.6.27-half-converted",
      },
      {
        law: "no-sleep-while-atomic",
        protocol: "anon-vma-2.6.36-mutex",
        scope: { cpus: 2 },
        pinned: "under-rcu.json",
        repaired: "anon-vma-3.0",
      },
    ],
  },
  {
    id: "anon-vma-root-reused",
    number: undefined,
    says: "A walk takes the lock of anon_vma->root. The anon_vma is freed and used again under another root; the walk releases that root's lock, and the first stays locked.",
    source: "f18194275c39, mm: fix hang on anon_vma->root->lock; Hugh Dickins",
    fixed: "2.6.36",
    violations: [
      {
        law: "unlocks-what-it-locked",
        protocol: "anon-vma-2.6.35",
        scope: { cpus: 2 },
        pinned: "interleaving.json",
        repaired: "anon-vma-2.6.36",
      },
    ],
  },
  {
    id: "anon-vma-count-trusted",
    number: undefined,
    says: "With mutexes a walk takes an anon_vma whose count is not 0 for its own. It was allocated again in between, and its root changes under the walk.",
    source: "eee0f252c653, mm: fix page_lock_anon_vma leaving mutex locked; Hugh Dickins",
    fixed: "3.0 before its release",
    violations: [
      {
        law: "unlocks-what-it-locked",
        protocol: "anon-vma-3.0-rc2",
        scope: { cpus: 2 },
        pinned: "interleaving.json",
        repaired: "anon-vma-3.0",
      },
      {
        law: "no-use-after-free",
        protocol: "anon-vma-3.0-rc2",
        scope: { cpus: 2 },
        pinned: "freed-again.json",
        repaired: "anon-vma-3.0",
      },
    ],
  },
  {
    id: "anon-vma-without-reference",
    number: undefined,
    says: "A walk that sleeps, and compaction and KSM, which come back late, need a reference to the anon_vma: RCU ends meanwhile, and its memory may be of another kind.",
    source: "inferred: why the series of April 2010 counts references",
    fixed: "never released",
    violations: [
      {
        law: "no-use-after-free",
        protocol: "anon-vma-3.0-migrating-without-reference",
        scope: { cpus: 2 },
        pinned: "interleaving.json",
        repaired: "anon-vma-3.0",
      },
      {
        law: "no-use-after-free",
        protocol: "anon-vma-2.6.36-mutex-without-reference",
        scope: { cpus: 2 },
        pinned: "asleep.json",
        repaired: "anon-vma-3.0",
      },
      {
        law: "unlocks-what-it-locked",
        protocol: "anon-vma-2.6.36-mutex-without-reference",
        scope: { cpus: 2 },
        pinned: "another-lock.json",
        repaired: "anon-vma-3.0",
      },
    ],
  },
  {
    id: "truncation-shares-restart",
    number: undefined,
    says: "A truncation that breaks off notes in the vma where it will restart. A second truncation of the file takes that for its own, and leaves the pages below mapped.",
    source: "2aa15890f3c1, mm: prevent concurrent unmap_mapping_range() on the same inode; Miklos Szeredi",
    fixed: "2.6.38",
    violations: [
      {
        law: "truncation-unmaps-all",
        protocol: "truncate-2.6.37",
        scope: { cpus: 2, vmas: 1, pages: 2 },
        pinned: "interleaving.json",
        repaired: "truncate-2.6.38",
      },
      {
        law: "walk-ends-0",
        protocol: "truncate-2.6.37",
        scope: { cpus: 2, vmas: 1, pages: 2 },
        pinned: "starves.json",
        repaired: "truncate-2.6.38",
      },
    ],
  },
  {
    id: "waiter-starves",
    number: undefined,
    says: "A lock that is given to any waiter may pass one over for ever.",
    source: "weak fairness; inferred",
    fixed: "ticket spinlocks, mutexes with handoff",
    violations: [
      {
        law: "waiter-gets-the-lock-0",
        protocol: "waiting-spinlock",
        also: ["waiting-mutex"],
        scope: { cpus: 2 },
        pinned: "interleaving.json",
        repaired: "waiting-ticket-spinlock",
      },
    ],
  },
  {
    id: "spinning-keeps-the-cpu",
    number: undefined,
    says: "A task that spins for a lock keeps its CPU: a task that wants to run there waits as long. One that sleeps for a mutex gives it away.",
    source: "the thread of April 2010; inferred",
    fixed: "mutexes",
    violations: [
      {
        law: "other-task-runs-0",
        protocol: "waiting-spinlock",
        scope: { cpus: 2 },
        pinned: "interleaving.json",
        repaired: "waiting-mutex",
      },
    ],
  },
  {
    id: "holder-preempted",
    number: undefined,
    says: "The holder of a lock is preempted, and a waiter spins on its CPU with preemption off. The holder never runs again.",
    source:
      "inferred: why a spinlock disables preemption, and why a mutex spins only while its holder runs (0d66bf6d3514, mutex: implement adaptive spinning)",
    fixed: "never released",
    violations: [
      {
        law: "holder-releases-0",
        protocol: "holders-spinlock-preemptible",
        scope: { cpus: 1, tasks: 2 },
        pinned: "interleaving.json",
        repaired: "holders-spinlock",
      },
      {
        law: "task-gets-a-cpu-0",
        protocol: "holders-spinlock-preemptible",
        scope: { cpus: 1, tasks: 2 },
        pinned: "waits-for-a-cpu.json",
        repaired: "holders-mutex-adaptive",
      },
    ],
  },
  {
    id: "asid-reserved-left-behind",
    number: undefined,
    says: "A task keeps its reserved ASID in a new generation, but the CPU that reserved it keeps the old generation. After another rollover the task is not recognised, and gets a new ASID while that CPU still runs it under the old one.",
    source: "0ebea8088095, arm64: mm: keep reserved ASIDs in sync with mm after multiple rollovers",
    fixed: "4.4 (version from memory)",
    violations: [
      {
        law: "asid-of-the-task",
        protocol: "asids-4.4-rc1",
        scope: { cpus: 2, tasks: 4, asids: 3, generations: 4 },
        pinned: "interleaving.json",
        repaired: "asids-4.4",
      },
    ],
  },
  {
    id: "asid-active-overwritten",
    number: undefined,
    says: "The fast path makes an ASID the active one even after a rollover has taken the active one. The next rollover reserves that old ASID, which another task has by then.",
    source:
      "a8ffaaa060b8, arm64: asid: Do not replace active_asids if already 0; found by model checking in TLA+",
    fixed: "4.16 (version from memory)",
    violations: [
      {
        law: "asid-unique",
        protocol: "asids-4.4",
        also: ["asids-4.4-rc1"],
        scope: { cpus: 2, tasks: 5, asids: 3, generations: 3 },
        pinned: "interleaving.json",
        repaired: "asids-4.16",
      },
      {
        law: "asid-in-use-unique",
        protocol: "asids-4.4",
        also: ["asids-4.4-rc1"],
        scope: { cpus: 2, tasks: 5, asids: 3, generations: 3 },
        pinned: "in-use.json",
        repaired: "asids-4.16",
      },
      {
        law: "no-stale-entry-under-a-live-asid",
        protocol: "asids-4.4",
        also: ["asids-4.4-rc1"],
        scope: { cpus: 2, tasks: 4, asids: 3, generations: 3 },
        pinned: "stale-entry.json",
        repaired: "asids-4.16",
      },
    ],
  },
];
