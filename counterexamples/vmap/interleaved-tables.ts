/** Bugs of page tables and their levels that need calls to interleave, or several steps of one call. */
import type { InterleavedBug } from "../interleaved.ts";

export const OF_TABLES: readonly InterleavedBug[] = [
  {
    id: "unsynced-unmap-pgd",
    number: "B7",
    says: "An address is unmapped in one page table, and the others keep their copy of its entry: after a new map a CPU still reaches the old frame by this address.",
    source: "3f8fd02b1bf1, Joerg Roedel",
    fixed: "5.3",
    violations: [
      {
        law: "no-stale-translation",
        protocol: "roots-5.2",
        also: ["roots-5.3-flushing-first"],
        scope: { cpus: 1, roots: 1, addresses: 1, frames: 2 },
        pinned: "interleaving.json",
        repaired: "roots-5.3",
      },
    ],
  },
  {
    id: "reset-perms-inverted-range",
    number: "B9",
    says: "vfree asks for a flush whether or not a page of it was in the direct map; if another CPU purged the area before, the range to flush is empty, from the highest address to 0.",
    source: "31e67340cc65",
    fixed: "5.2",
    violations: [
      {
        law: "flush-well-formed",
        protocol: "reset-perms-5.2-rc3",
        scope: { cpus: 2, areas: 1 },
        pinned: "interleaving.json",
        repaired: "reset-perms-5.2",
      },
    ],
  },
  {
    id: "sync-skipped-on-error",
    number: "B11",
    says: "A mapping fails part-way, and the entry that it added at the highest level is not copied to other roots. The next mapping there adds none: CPUs on other roots reach nothing.",
    source: "3685024edd27",
    fixed: "6.14",
    violations: [
      {
        law: "pages-reach-their-frames",
        protocol: "levels-5.8",
        also: ["levels-5.13", "levels-6.11"],
        scope: { cpus: 1, regions: 1, tables: 1, pairs: 2, devices: 0 },
        pinned: "interleaving.json",
        repaired: "levels-6.14",
      },
    ],
  },
  {
    id: "iotlb-kernel-pt",
    number: "B12",
    says: "A page table of the kernel is freed while the IOMMU of a device that walks the kernel's tables still holds it: a flush reaches CPUs only.",
    source: "e37d5a2d60a3",
    fixed: "6.19",
    violations: [
      {
        law: "no-walker-holds-freed-table",
        protocol: "levels-6.12.117",
        also: ["levels-6.1.192"],
        scope: { cpus: 1, regions: 1, tables: 1, pairs: 2, devices: 1 },
        pinned: "interleaving.json",
        repaired: "levels-6.19",
      },
    ],
  },
  {
    id: "huge-fallback",
    number: "B26",
    says: "A vmalloc that gets no huge page takes small ones in its place, and still maps by a huge entry: all pages but the first reach frames of others.",
    source: "61ebe5a747da (CVE-2024-45022), Hailong Liu",
    fixed: "6.11",
    violations: [
      {
        law: "pages-reach-their-frames",
        protocol: "levels-6.3",
        scope: { cpus: 1, regions: 1, tables: 1, pairs: 2, devices: 0 },
        pinned: "interleaving.json",
        repaired: "levels-6.12.117",
      },
    ],
  },
  {
    id: "tables-under-huge",
    number: "B29",
    says: "ioremap writes a huge entry over a page table whose entries were all cleared before: the table is lost, and walkers that hold it reach nothing.",
    source: "b6bdb7517c3d, 28ee90fe6048 (x86), ec28bb9c9b08 (arm64)",
    fixed: "4.16 (x86), 4.19 (arm64)",
    violations: [
      {
        law: "tables-are-reached",
        protocol: "levels-4.1",
        scope: { cpus: 1, regions: 1, tables: 1, pairs: 2, devices: 0 },
        pinned: "interleaving.json",
        repaired: "levels-4.19",
      },
    ],
  },
  {
    id: "table-freed-unflushed",
    number: undefined,
    says: "A huge entry takes the place of a page table, which is freed while walkers still hold it.",
    source: "5e0fb5df2ee8, Toshi Kani and Chintan Pandya",
    fixed: "4.19",
    violations: [
      {
        law: "no-walker-holds-freed-table",
        protocol: "levels-4.16",
        scope: { cpus: 1, regions: 1, tables: 1, pairs: 2, devices: 0 },
        pinned: "interleaving.json",
        repaired: "levels-4.19",
      },
    ],
  },
  {
    id: "table-freed-under-ptdump",
    number: undefined,
    says: "ptdump has read an entry and is about to read the table there, when a huge entry takes its place and the table is freed.",
    source:
      '"mm/vmalloc: acquire init_mm lock on huge vmap to avoid ptdump UAF", Lorenzo Stoakes, 2026-07-14 (syzbot fd95a72470f5a44e464c)',
    fixed: "7.2 (6.1.192, 6.12.117, or earlier)",
    violations: [
      {
        law: "no-walker-holds-freed-table",
        protocol: "levels-4.19",
        also: ["levels-5.8", "levels-5.13", "levels-6.3", "levels-6.11", "levels-6.14", "levels-6.19"],
        scope: { cpus: 2, regions: 1, tables: 1, pairs: 2, devices: 0 },
        pinned: "interleaving.json",
        repaired: "levels-7.2",
      },
    ],
  },
  {
    id: "to-page-of-huge",
    number: undefined,
    says: "vmalloc_to_page takes a huge entry for a bad one, and finds no page in a vmalloc that is mapped by it.",
    source:
      "c0eb315ad971, Nicholas Piggin, which came with huge vmalloc (121e6f3258fe); an order of ours without it",
    latent: true,
    fixed: "5.13, before it was released",
    violations: [
      {
        law: "pages-reach-their-frames",
        protocol: "levels-7.2-huge-taken-for-bad",
        scope: { cpus: 1, regions: 1, tables: 1, pairs: 2, devices: 0 },
        pinned: "interleaving.json",
        repaired: "levels-7.2",
      },
    ],
  },
];
