/** Bugs of areas, purges, pools and readers that need calls to interleave. */
import type { InterleavedBug } from "../interleaved.ts";

export const OF_AREAS: readonly InterleavedBug[] = [
  {
    id: "va-purge-trylock",
    number: "A3",
    says: "An allocation that finds nothing free only tries the purge lock: if another CPU is purging, it gives up, although it would fit in what that CPU is about to release.",
    source: '"mm: vmalloc failure flush fix", Nick Piggin, 2008-11-08',
    fixed: "2.6.28",
    violations: [
      {
        law: "refused-only-when-full",
        protocol: "areas-2.6.28-rc3",
        scope: { cpus: 2, places: 1, lazyMax: 1, caches: 1 },
        pinned: "interleaving.json",
        repaired: "areas-2.6.33",
      },
    ],
  },
  {
    id: "purge-starved-by-alloc",
    number: "A15",
    says: "The purge drops the lock after each area that it releases, and allocators take and free areas faster than it releases them: the number of lazy pages never falls.",
    source: "68571be99f32, Uladzislau Rezki; since 763b218ddfaf (4.10)",
    fixed: "5.1",
    violations: [
      {
        law: "lazy-comes-down",
        protocol: "areas-4.10",
        scope: { cpus: 2, places: 4, lazyMax: 1, caches: 0 },
        pinned: "interleaving.json",
        repaired: "areas-5.1",
      },
    ],
  },
  {
    id: "lazy-nr-racy-bugon",
    number: "B1",
    says: "An area is marked lazy before it is counted; a purge in between gathers more than was counted, and reaches its BUG_ON.",
    source: "88f5004430ba, Yongseok Koh",
    fixed: "2.6.33",
    violations: [
      {
        law: "no-bug",
        protocol: "areas-2.6.28",
        also: ["areas-2.6.28-rc3"],
        scope: { cpus: 2, places: 1, lazyMax: 1, caches: 1 },
        pinned: "interleaving.json",
        repaired: "areas-2.6.33",
      },
    ],
  },
  {
    id: "iounmap-overwrites-lazy-nr",
    number: "B3",
    says: "set_iounmap_nonlazy overwrites the counter of lazy pages and loses its value: a worker that purges while the counter exceeds the limit never ends.",
    source: "c12cd77cb028, Omar Sandoval; since 3ee48b6af49c (2.6.37), with 690467c81b1a",
    fixed: "5.18",
    violations: [
      {
        law: "lazy-count",
        protocol: "areas-5.18-rc1",
        scope: { cpus: 2, places: 2, lazyMax: 1, caches: 0 },
        pinned: "lazy-count.json",
        repaired: "areas-5.18",
      },
      {
        law: "nothing-lazy-nothing-purged-0",
        protocol: "areas-5.18-rc1",
        scope: { cpus: 2, places: 2, lazyMax: 1, caches: 0 },
        pinned: "nothing-lazy-nothing-purged.json",
        repaired: "areas-5.18",
      },
      {
        law: "lazy-comes-down",
        protocol: "areas-5.18-rc1",
        scope: { cpus: 2, places: 2, lazyMax: 1, caches: 0 },
        pinned: "lazy-comes-down.json",
        repaired: "areas-5.18",
      },
    ],
  },
  {
    id: "va-retry-once",
    number: undefined,
    says: "An allocation that finds nothing purges once and searches once more. Another CPU may free an area and then take what was purged: the allocation is refused, although at no moment every place was busy.",
    source: "found here; alloc_vmap_area from db64fe02 on",
    latent: true,
    fixed: "not fixed",
    violations: [
      {
        law: "refused-only-when-full",
        protocol: "areas-5.18",
        also: [
          "areas-2.6.28-rc3",
          "areas-2.6.28",
          "areas-2.6.33",
          "areas-4.10",
          "areas-5.1",
          "areas-5.18-rc1",
          "areas-6.12",
        ],
        scope: { cpus: 2, places: 2, lazyMax: 1, caches: 1 },
        pinned: "interleaving.json",
        repaired: "areas-5.18-searching-under-lock",
      },
    ],
  },
  {
    id: "va-retries-for-ever",
    number: undefined,
    says: "The price of a repair of va-retry-once: an allocation that searches under the purge lock until nothing is lazy may purge again and again, while others take what it released.",
    source: "found here; an order of ours, not of a kernel",
    latent: true,
    fixed: "where an allocation searches just once more",
    violations: [
      {
        law: "allocation-returns-0",
        protocol: "areas-5.18-searching-under-lock",
        scope: { cpus: 2, places: 2, lazyMax: 1, caches: 0 },
        pinned: "interleaving.json",
        repaired: "areas-5.18",
      },
    ],
  },
  {
    id: "lazy-left-above-limit",
    number: undefined,
    says: "A free above the lazy limit only tries the purge lock. If the purge that holds it has already gathered, the lazy pages stay above the limit when all calls are over, until the next free.",
    source: "found here; free_vmap_area_noflush from db64fe02 to 5.17",
    latent: true,
    fixed: "5.18 (690467c81b1a: a worker that is asked again)",
    violations: [
      {
        law: "lazy-bounded",
        protocol: "areas-5.1",
        also: ["areas-2.6.28-rc3", "areas-2.6.28", "areas-2.6.33", "areas-4.10"],
        scope: { cpus: 2, places: 2, lazyMax: 1, caches: 1 },
        pinned: "interleaving.json",
        repaired: "areas-5.18",
      },
    ],
  },
  {
    id: "shrinker-beside-purge",
    number: "B14",
    says: "The shrinker empties a node's pool without the purge lock. A purge that fills the pool meanwhile, or another shrinker, is not seen: the pool's length is wrong, and from 6.16 on, where a decay takes as many as the length says, the rest that it attaches again overwrites what was added. The extents lose their place for good.",
    source:
      "ec05f51f1e65 (CVE-2026-46093), Uladzislau Rezki, 2026-04-13, reported by chenyichong; since 7679ba6b36db (6.9)",
    fixed: "7.1; 6.12.96, 6.18.27, 7.0.4",
    violations: [
      {
        law: "extent-in-one-place",
        protocol: "pools-6.16",
        scope: { cpus: 2, extents: 2 },
        pinned: "extent-in-one-place.json",
        repaired: "pools-7.1",
      },
      {
        law: "pools-counted",
        protocol: "pools-6.9",
        also: ["pools-6.16"],
        scope: { cpus: 2, extents: 2 },
        pinned: "pools-counted.json",
        repaired: "pools-6.12.96",
      },
    ],
  },
  {
    id: "purge-waits-for-reclaim",
    number: "B15",
    says: "The shrinker sleeps on the purge lock. A purge holds that lock while it waits for helper work; the work needs a worker, the worker is made by a thread that needs memory, and reclaim for that thread calls the shrinker.",
    source:
      "6c06fec56a63d, Ye Liu, 2026-08-28 (akpm's tree); since ec05f51f1e65. Read in 6.12.117, 7.2.12 and 7.3.4, which have it",
    fixed: "not fixed in 7.3.4",
    violations: [
      {
        law: "no-circular-wait",
        protocol: "waits-7.1",
        scope: { cpus: 1, areas: 1, most: 1, workers: 1, memory: 1, other: 0 },
        pinned: "interleaving.json",
        repaired: "waits-7.1-trying",
      },
    ],
  },
  {
    id: "drain-hogs-cpu",
    number: "B17",
    says: "The work that purges runs on a CPU's own queue and releases all areas without a pause: other work of that CPU waits for all of them.",
    source:
      'Li RongQing, "mm/vmalloc: use unbound workqueue for vmap area draining", 2026-03-18; since 690467c81b1a (5.18), and at once since 72210662c5a2 (6.9)',
    fixed: 'not fixed in 7.3.4; "mm/vmalloc: use dedicated unbound workqueues for vmap drain", 2026-03-31',
    violations: [
      {
        law: "others-get-the-cpu",
        protocol: "waits-6.9",
        also: ["waits-7.1", "waits-7.1-trying"],
        scope: { cpus: 1, areas: 2, most: 1, workers: 1, memory: 1, other: 1 },
        pinned: "interleaving.json",
        repaired: "waits-7.1-two-queues",
      },
    ],
  },
  {
    id: "purge-without-rescuer",
    number: undefined,
    says: "A purge waits for work on the system's queue, which has no rescuer. If no worker is idle and there is no memory for another, the purge and all that wait for its lock wait for as long as memory is short.",
    source: "the same thread, which asks for WQ_MEM_RECLAIM; found by exploring since 72210662c5a2 (6.9)",
    fixed: 'not fixed in 7.3.4; "mm/vmalloc: use dedicated unbound workqueues for vmap drain", 2026-03-31',
    violations: [
      {
        law: "purge-ends-0",
        protocol: "waits-6.9",
        also: ["waits-7.1", "waits-7.1-trying", "waits-7.1-one-queue"],
        scope: { cpus: 1, areas: 1, most: 1, workers: 1, memory: 0, other: 0 },
        pinned: "interleaving.json",
        repaired: "waits-7.1-two-queues",
      },
    ],
  },
  {
    id: "drain-waits-for-own-rescuer",
    number: undefined,
    says: "One queue with a rescuer for the work that purges and for its helpers: the rescuer runs the purge, which waits for a helper, which waits for the rescuer.",
    source:
      'Uladzislau Rezki, "mm/vmalloc: Use dedicated unbound workqueue for vmap purge/drain", 2026-03-30, first and second version; the third (2026-03-31) has two queues for this reason',
    fixed: "never merged",
    violations: [
      {
        law: "no-circular-wait",
        protocol: "waits-7.1-one-queue",
        scope: { cpus: 1, areas: 1, most: 1, workers: 1, memory: 0, other: 0 },
        pinned: "interleaving.json",
        repaired: "waits-7.1-two-queues",
      },
    ],
  },
  {
    id: "purge-keeps-cpu",
    number: undefined,
    says: "A purge releases all areas of a node without a pause: a task waits for all of them, where the kernel is not preempted. With KASAN each takes so long that it was a soft lockup, and a stall of RCU.",
    source:
      "5747435e0fd4 (CVE-2026-43292) for the shadow; 282631cb2447 and 7679ba6b36db (6.9), which gave up the pauses of 763b218ddfaf (4.10)",
    fixed:
      "not fixed in 7.3.4, but for the shadow, of which 6.12.117, 7.2.12 and 7.3.4 release 32 areas between two pauses",
    violations: [
      {
        law: "others-get-the-cpu",
        protocol: "waits-6.9",
        also: ["waits-7.1", "waits-7.1-trying", "waits-7.1-two-queues"],
        scope: { cpus: 1, areas: 2, most: 1, workers: 1, memory: 1, other: 2 },
        pinned: "interleaving.json",
        repaired: "waits-7.1-pausing",
      },
    ],
  },
  {
    id: "vmallocinfo-shared-counters",
    number: "B22",
    says: "All readers of /proc/vmallocinfo count pages for each NUMA node in one array. Up to 6.8 one lock kept them apart; since each node has a lock, two readers clear and fill it at once, and show numbers that no area had.",
    source: "5c5f0468d172, Jeongjun Park; since 8e1d743f2c26 (6.9). 6.12.117, 7.2.12 and 7.3.4 have it",
    fixed: "6.16",
    violations: [
      {
        law: "shown-existed",
        protocol: "readers-6.9",
        scope: { cpus: 2, areas: 2, pages: 1 },
        pinned: "interleaving.json",
        repaired: "readers-6.16",
      },
    ],
  },
  {
    id: "dump-reads-freed",
    number: undefined,
    says: "vmalloc_dump_obj looks an address up and reads the area after it has unlocked: a purge may have freed it. The same is true of find_vm_area for a caller that does not hold the area.",
    source: "0818e739b5c0, Zqiang; since 98f180837a89 (5.12)",
    fixed: "6.6",
    violations: [
      {
        law: "no-use-after-free",
        protocol: "readers-6.5",
        scope: { cpus: 2, areas: 1, pages: 1 },
        pinned: "interleaving.json",
        repaired: "readers-6.6",
      },
    ],
  },
  {
    id: "vread-repeats-for-ever",
    number: undefined,
    says: "vread_iter notes the lowest area of all nodes, each under its lock, and locks that node again. If the area is gone it begins again at the same address: a CPU that allocates and frees there keeps it from ever returning. Each time takes an allocation, a free and a purge between two locks; so it is a delay rather than a hang.",
    source:
      "found here; find_vmap_area_exceed_addr_lock, 53becf32aec1 (6.9), as read in 6.12.117, 7.2.12 and 7.3.4",
    latent: true,
    fixed: "not fixed in 7.3.4; an order of ours continues behind the area that is gone",
    violations: [
      {
        law: "read-ends-0",
        protocol: "readers-6.9",
        also: ["readers-6.16"],
        scope: { cpus: 2, areas: 1, pages: 1 },
        pinned: "interleaving.json",
        repaired: "readers-6.16-moving-on",
      },
    ],
  },
];
