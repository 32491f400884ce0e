/** Bugs of vmap blocks and of pinned frames that need calls to interleave. */
import type { InterleavedBug } from "../interleaved.ts";

export const OF_BLOCKS: readonly InterleavedBug[] = [
  {
    id: "vb-rcu-union",
    number: "C1",
    says: "The links of a block on its queue and its rcu_head share memory, and a block that is removed points at itself: a walk under RCU that is at this block reads what was written over the link, or never ends.",
    source: "de5604231ce4, Nick Piggin",
    fixed: "2.6.33",
    violations: [
      {
        law: "no-use-after-free",
        protocol: "walks-2.6.28",
        also: ["walks-2.6.28-rcu-head-over-links"],
        scope: { cpus: 2, blocks: 1, pages: 2 },
        pinned: "no-use-after-free.json",
        repaired: "walks-2.6.28-rcu-lists",
      },
      {
        law: "walk-ends-on-cpu-1",
        protocol: "walks-2.6.28",
        also: ["walks-2.6.28-removed-points-at-itself"],
        scope: { cpus: 2, blocks: 1, pages: 2 },
        pinned: "walk-ends.json",
        repaired: "walks-2.6.28-rcu-lists",
      },
    ],
  },
  {
    id: "vb-new-block-stolen",
    number: "C4",
    says: "A new block is put on the list empty, and its maker searches again: other CPUs may take all its pages first, and it makes one more block, without end.",
    source: "cf725ce274ba, Roman Pen",
    fixed: "4.1",
    violations: [
      {
        law: "map-returns-0",
        protocol: "blocks-3.16",
        also: [
          "blocks-2.6.28",
          "blocks-2.6.28-repaired",
          "blocks-2.6.33",
          "blocks-2.6.33-repaired",
          "blocks-3.16-repaired",
        ],
        scope: { cpus: 2, blocks: 1, pages: 2 },
        pinned: "interleaving.json",
        repaired: "blocks-4.4",
      },
    ],
  },
  {
    id: "vb-purged-va-uaf",
    number: "C6",
    says: "A purge frees the area of a block at once, while a walk under RCU may still be at the block and read its address.",
    source: "ad216c0316ad, Vijayanand Jitta; since areas are not freed by RCU, 68ad4a330433 (5.2)",
    fixed: "5.13",
    violations: [
      {
        law: "no-use-after-free",
        protocol: "walks-5.2",
        scope: { cpus: 2, blocks: 1, pages: 2 },
        pinned: "interleaving.json",
        repaired: "walks-5.13",
      },
    ],
  },
  {
    id: "vb-full-block-stale",
    number: "C7",
    says: "A block that has given out all its pages is on no list, and vm_unmap_aliases looks only at lists: pages unmapped in such a block are not flushed.",
    source: "fc1e0d980037, Thomas Gleixner; since db64fe02",
    fixed: "6.5",
    violations: [
      {
        law: "no-alias-after-unmap-aliases",
        protocol: "blocks-5.13",
        also: ["blocks-2.6.28", "blocks-2.6.33", "blocks-3.16", "blocks-4.4"],
        scope: { cpus: 2, blocks: 1, pages: 2 },
        pinned: "interleaving.json",
        repaired: "blocks-5.13-repaired",
      },
    ],
  },
  {
    id: "vb-dirty-reflushed-early",
    number: "C9",
    says: "The dirty range of a block is reset when it is collected. If this happens before the purge lock is taken, a second vm_unmap_aliases finds nothing and returns before the first has flushed.",
    source: "catalogue C9, its obligation (i); a mutant of a09fad96ffb1",
    fixed: "never released",
    violations: [
      {
        law: "no-alias-after-unmap-aliases",
        protocol: "blocks-6.12-collecting-before-lock",
        scope: { cpus: 2, blocks: 1, pages: 2 },
        pinned: "interleaving.json",
        repaired: "blocks-6.12-repaired",
      },
    ],
  },
  {
    id: "vb-wrong-queue-lock",
    number: "C10",
    says: "A fragmented block is taken off its queue under the lock of another queue, while a block is added to its own queue: the added block is lost, and every map makes one more.",
    source: "8c61291fd850, Zhaoyang Huang; since fc1e0d980037 on top of 062eacf57ad9",
    fixed: "6.10",
    violations: [
      {
        law: "nothing-leaks",
        protocol: "locks-6.5",
        scope: { cpus: 2, blocks: 2, pages: 2 },
        pinned: "nothing-leaks.json",
        repaired: "locks-6.11",
      },
      {
        law: "no-use-after-free",
        protocol: "locks-6.5",
        scope: { cpus: 2, blocks: 2, pages: 2 },
        pinned: "no-use-after-free.json",
        repaired: "locks-6.11",
      },
    ],
  },
  {
    id: "vb-cpu-uninit",
    number: "C11",
    says: "A new block can be found in the index before its CPU is written to it.",
    source: "3e3de7947c75, Will Deacon",
    fixed: "6.11",
    violations: [
      {
        law: "published-is-initialised",
        protocol: "locks-6.10",
        scope: { cpus: 2, blocks: 1, pages: 2 },
        pinned: "interleaving.json",
        repaired: "locks-6.11",
      },
    ],
  },
  {
    id: "vb-final-free-window",
    number: "C13",
    says: "The last vb_free of a block makes it full of dirty pages and drops its lock; only later is its area lazy. In between vm_unmap_aliases passes the block, finds nothing lazy, and flushes nothing.",
    source: "read in the source of 6.19 and 7.2; the passing by is ad216c0316ad's",
    latent: true,
    fixed: "not fixed",
    violations: [
      {
        law: "no-alias-after-unmap-aliases",
        protocol: "blocks-6.12",
        also: [
          "blocks-6.5",
          "blocks-6.10",
          "blocks-4.4-walking-all",
          "blocks-6.12-publishing-alone",
          "blocks-6.12-collecting-full",
        ],
        scope: { cpus: 2, blocks: 1, pages: 2 },
        pinned: "interleaving.json",
        repaired: "blocks-6.12-repaired",
      },
    ],
  },
  {
    id: "pin-skips-pending-flush",
    number: undefined,
    says: "A pin reads vmap_lazy_nr first. Up to 4.9 a purge decrements it when it gathers, before it flushes: a pin in between sees nothing outstanding.",
    source:
      'linux-kernel, "mm: vmap rewrite", 2008-06-09: "Can it be fast-pathed if there are no outstanding aliases?"; a policy of ours, not of a kernel',
    latent: true,
    fixed: "with the counter of 4.10, taken back after the flush",
    violations: [
      {
        law: "pinned-is-unaliased",
        protocol: "pins-if-outstanding",
        scope: { cpus: 2, pages: 2, frames: 2 },
        pinned: "interleaving.json",
        repaired: "pins-if-outstanding-counted-till-released",
      },
    ],
  },
  {
    id: "pin-bit-lost",
    number: undefined,
    says: "One bit for each frame says that it may have an alias. A sweep clears all bits, also the bit of a frame that was freed after the sweep had gathered.",
    source:
      'linux-kernel, "mm: vmap rewrite", 2008-06-09: "a single bit would suffice"; a policy of ours, not of a kernel',
    latent: true,
    fixed: "a count a frame in place of the bit, taken back after the flush",
    violations: [
      {
        law: "pinned-is-unaliased",
        protocol: "pins-bit-per-frame",
        scope: { cpus: 2, pages: 2, frames: 2 },
        pinned: "interleaving.json",
        repaired: "pins-count-per-frame",
      },
    ],
  },
  {
    id: "pin-from-unswept-stock",
    number: undefined,
    says: "A frame is put into the stock of unaliased frames before the sweep that removes its aliases has ended: another CPU pins it at once.",
    source:
      'linux-kernel, "mm: vmap rewrite", 2008-06-09: the stock, "like the quicklists"; a policy of ours, not of a kernel',
    latent: true,
    fixed: "frames join the stock after the sweep",
    violations: [
      {
        law: "pinned-is-unaliased",
        protocol: "pins-stocked-before-sweep",
        scope: { cpus: 2, pages: 2, frames: 2 },
        pinned: "interleaving.json",
        repaired: "pins-stocked-after-sweep",
      },
    ],
  },
];
