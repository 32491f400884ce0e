/**
 * The bibliography: which commit changed what, and the first release that has it, said once. It holds every commit that
 * separates two of the releases modelled here, at either grain, and those that began or ended a bug of the catalogue.
 * Backports stand here where a tree or its change log shows them. What a release promises since a commit stands in
 * releases.ts; what it does, in kernels/changes.ts.
 */
import { type Change, change, hasChange, versionOf } from "./change.ts";

/** The last release whose changes were looked through. */
export const NEWEST_KNOWN = "7.3";

/** Trees whose allocator, run unmodified, answered every recorded trace of a label as that label's tree did. */
export const COMPARED: readonly {
  readonly version: string;
  readonly label: string;
  readonly traces: number;
}[] = [
  { version: "5.10.262", label: "5.10", traces: 254 },
  { version: "6.1.192", label: "6.1", traces: 254 },
  { version: "6.12.117", label: "6.12", traces: 254 },
  { version: "7.2.12", label: "7.2", traces: 256 },
  { version: "7.3.4", label: "7.3", traces: 256 },
];

/** In the order of releases. */
export const CHANGES: readonly Change[] = [
  change(
    "2.6.28",
    "db64fe02258f",
    "replies areas blocks walks contexts objects",
    "The rewrite: areas in a red-black tree, lowest fit, frees that wait for a purge, per-CPU blocks, vm_unmap_aliases.",
    {
      begins: `va-gap-offbyone va-restart-from-end va-purge-trylock vunmap-no-cache-flush aliases-before-init
        va-no-wrap-check va-leak-on-enospc wrap-size-minus-one purge-list-uaf lazy-nr-racy-bugon lazy-pte-live-alias
        va-retry-once lazy-left-above-limit vb-rcu-union vb-fragment-exhaustion vb-new-block-stolen
        vb-full-block-stale vb-dirty-reflushed vb-alloc-zero guard-between-areas alloc-of-nothing
        unmap-ram-unchecked vb-free-counted-twice`,
      ends: "vmlist-overruns-end vmlist-end-underflow",
    },
  ),
  change(
    "2.6.28-rc4",
    '"mm: vmalloc failure flush fix", 2008-11-08',
    "areas",
    "An allocation that found no room waits for the purge lock, and does not give up where another CPU purges.",
    { ends: "va-purge-trylock" },
  ),
  change(
    "2.6.28-rc4",
    '"mm: vmalloc search restart fix", 2008-11-08',
    "replies",
    "The search after a purge begins at the window's start again.",
    { ends: "va-restart-from-end" },
  ),
  change(
    "2.6.28-rc5",
    '"mm: vmalloc allocator off by one", 2008-11-11',
    "replies",
    "A hole of exactly the size asked for is used, and no page is kept before the next area.",
    { ends: "va-gap-offbyone" },
  ),
  change("2.6.28", "b29acbdcf877", "", "Frees flush the cache of a virtually indexed CPU.", {
    ends: "vunmap-no-cache-flush",
  }),
  change("2.6.28", "9b46333", "", "vm_unmap_aliases returns at once before vmalloc_init.", {
    ends: "aliases-before-init",
  }),
  change(
    "2.6.29",
    "7766970cc15a",
    "replies",
    "The search tests whether address plus size passes the top of the word, and is one short; a size of 0 is a BUG.",
    { ends: "va-no-wrap-check alloc-of-nothing", backports: [{ series: "2.6.28", from: 10, after: 0 }] },
  ),
  change("2.6.29", "cbb766766b6", "replies", "The purge reads the next link before it frees an area.", {
    ends: "purge-list-uaf",
    trees: ["2.6.28.10"],
  }),
  // Posted on 2009-05-04, two days after 2.6.28.10, whose model stands for 2.6.30.4 as well and follows that.
  change("2.6.30-rc6", "2498ce42d3a3", "replies", "A refused allocation frees its descriptor.", {
    ends: "va-leak-on-enospc",
    trees: ["2.6.28.10"],
  }),
  change(
    "2.6.33",
    "02b709df817c",
    "replies blocks walks",
    "A synchronous purge takes the blocks in which nothing is mapped although they are not used up.",
    { ends: "vb-fragment-exhaustion", begins: "vb-head-insert-exhaustion vb-fragment-double-walk" },
  ),
  change("2.6.33", "de5604231ce4", "walks", "The links of a block and its rcu_head no longer share memory.", {
    ends: "vb-rcu-union vb-free-counted-twice",
  }),
  change("2.6.33", "88f5004430ba", "areas", "The purge no longer asserts that what it gathers is counted.", {
    ends: "lazy-nr-racy-bugon",
  }),
  change(
    "2.6.37",
    "3ee48b6af49c",
    "",
    "set_iounmap_nonlazy stores a number above the limit into vmap_lazy_nr, so that the next iounmap purges.",
    { begins: "iounmap-overwrites-lazy-nr" },
  ),
  change(
    "2.6.37-rc5",
    "64141da58724",
    "replies blocks",
    "PTEs are cleared when a page is unmapped, not at the purge.",
    { ends: "lazy-pte-live-alias" },
  ),
  change(
    "2.6.39",
    "89699605fe7c",
    "replies",
    "A cache remembers where the last search ended, and a page is kept on both sides of an area.",
  ),
  change(
    "3.0",
    "248ac0e1943a",
    "replies",
    "No page is kept between areas; the cache's own test stays as it was.",
    { begins: "cache-exact-hole-missed", ends: "guard-between-areas" },
  ),
  change(
    "3.6",
    '"mm: make vb_alloc() more foolproof", Jan Kara, 2012-06-06',
    "outside",
    "vm_map_ram of no page is warned about, and stops where its PTEs are to be set.",
  ),
  change(
    "3.10",
    "4341fa4",
    "outside",
    "vmlist is given up: a second vfree finds that its area has no vm_struct any more, and is warned about.",
  ),
  change(
    "3.11",
    "32fcfd40715e",
    "contexts",
    "vfree may be called in interrupts: a worker then frees the area.",
  ),
  change(
    "3.11",
    "bcb615a81b17",
    "replies",
    "The wrap test is addr + size < addr: an end of exactly 2^W is refused.",
    { ends: "wrap-size-minus-one", backports: [{ series: "3.10", from: 33, after: 4 }] },
  ),
  change("3.11", "cef2ac3f6c8a", "replies", "find_vmap_area finds an area by any of its pages.", {
    begins: "vfree-inside-obeyed",
  }),
  change(
    "3.11",
    "b8e748b6c320",
    "replies",
    "Blocks give out pages from the bottom up, whatever their alignment (with 3fcd76e8028e).",
    { begins: "vb-dirtymap-word-cross" },
  ),
  change("4.0", "71394fe50146", "replies", "VM_NO_GUARD: vmap leaves the guard page out for those who ask.", {
    begins: "no-guard-adjacency",
  }),
  change("4.1", "68ac546f265e", "replies walks", "A new block goes to the end of its CPU's queue.", {
    ends: "vb-head-insert-exhaustion",
  }),
  change(
    "4.1",
    "cf725ce274ba",
    "replies blocks walks",
    "A new block is made with the map in it that it was made for.",
    { ends: "vb-new-block-stolen" },
  ),
  change("4.1", "7d61bfe8fdde", "replies", "What is dirty in a block is a range, not a bitmap.", {
    begins: "vb-free-counted-twice",
    ends: "vb-dirtymap-word-cross",
  }),
  change("4.1", "e61ce6ade404", "levels", "ioremap maps by huge entries where it can.", {
    begins: "tables-under-huge",
  }),
  change("4.1", "5d72b4fba40e", "roots", "Kernel page tables map huge pages, which not every root shares.", {
    begins: "unsynced-unmap-pgd",
  }),
  change(
    "4.7",
    "80c4bd7a5e4d",
    "replies areas",
    "Lazy areas are counted, then put on a list of their own: a purge releases the newest first.",
  ),
  change("4.10", "763b218ddfaf", "areas", "The purge drops the lock after each area it releases.", {
    begins: "purge-starved-by-alloc",
  }),
  change("4.16", "28ee90fe6048", "levels", "A huge entry that replaces a page table frees it (x86).", {
    begins: "table-freed-unflushed table-freed-under-ptdump iotlb-kernel-pt",
    ends: "tables-under-huge",
  }),
  change(
    "4.18",
    "f3c01d2f3ade",
    "outside objects",
    "__vunmap drops the debug objects in an area before it releases it, and reads the vm_struct before it sees whether there is one.",
    {
      begins: "vfree-of-none-read",
      ends: "objects-dropped-late",
      backports: [{ series: "4.9" }],
    },
  ),
  change(
    "4.19",
    "5e0fb5df2ee8",
    "levels",
    "Its entry is cleared, and that flushed, before the table is freed.",
    {
      ends: "table-freed-unflushed",
    },
  ),
  change(
    "5.1",
    "afd07389d3f4",
    "replies",
    "An address below the window is refused: so is an alignment that wraps to 0.",
    {
      narrows: "align-wrap-to-zero",
      backports: [
        { series: "3.18" },
        { series: "4.4", from: 179 },
        { series: "4.9" },
        { series: "4.14" },
        { series: "4.19" },
        { series: "5.0", from: 7 },
      ],
      trees: ["4.15.18-ubuntu"],
    },
  ),
  change(
    "5.1",
    "6ade20327dbb",
    "outside",
    "__vunmap looks for the vm_struct itself, and warns if there is none.",
    {
      ends: "vfree-of-none-read",
      backports: [
        { series: "4.9", from: 226 },
        { series: "4.19", from: 126 },
      ],
    },
  ),
  change("5.1", "68571be99f32", "areas", "The purge keeps the lock while twice the limit is lazy.", {
    ends: "purge-starved-by-alloc",
    backports: [{ series: "5.0", from: 16 }],
  }),
  change(
    "5.2",
    "68ad4a330433",
    "replies walks",
    "Free space is a tree of extents, searched for the size and what its alignment may cost.",
    {
      begins: "aug-percpu-jump aug-align-overhead vb-purged-va-uaf",
      ends: "cache-exact-hole-missed align-wrap-to-zero",
    },
  ),
  change(
    "5.2",
    "868b104d7379",
    "reset-perms",
    "VM_FLUSH_RESET_PERMS: vfree resets the permissions of what it frees.",
    { begins: "reset-perms-inverted-range" },
  ),
  change(
    "5.2-rc4",
    "31e67340cc65",
    "reset-perms",
    "vfree asks for a flush only if a page was in the direct map.",
    { ends: "reset-perms-inverted-range" },
  ),
  change("5.3-rc5", "5336e52c9e85", "replies", "Percpu areas are looked for in the whole of a free extent.", {
    ends: "aug-percpu-jump",
  }),
  change("5.3-rc3", "3f8fd02b1bf1", "roots", "A purge synchronises all page tables before it flushes.", {
    ends: "unsynced-unmap-pgd",
    backports: [{ series: "5.2", from: 9 }],
  }),
  change("5.4", "dd3b8353bae7", "replies", "What is freed leaves the tree of busy areas at once."),
  change("5.5", "3c5c3cfb9ef4", "contexts kasan", "KASAN has real shadow for the memory of vmalloc.", {
    begins: "ram-no-shadow shadow-sleeps",
  }),
  change("5.5-rc3", "d98c9e83b5e7", "kasan", "It has shadow for each area, those of vm_map_ram too.", {
    ends: "ram-no-shadow",
  }),
  change("5.6", "e36176be1c39", "", "Free space has a lock of its own, beside that of busy areas."),
  change(
    "5.8",
    "2ba3e6947aed",
    "levels",
    "Entries that a mapping adds at the highest level are copied to other roots.",
    {
      begins: "sync-skipped-on-error",
    },
  ),
  change("5.8", "73f693c3a705", "roots", "Page tables are synchronised where they change, not by the purge."),
  change(
    "5.11",
    "96e2db456135",
    "replies",
    "Lazy areas are kept by address and joined: a purge gives them back in that order.",
  ),
  change(
    "5.13",
    "ad216c0316ad",
    "blocks walks",
    "vm_unmap_aliases passes a block whose pages are all dirty.",
    {
      begins: "vb-final-free-window",
      ends: "vb-purged-va-uaf",
    },
  ),
  change("5.13", "121e6f3258fe", "levels", "vmalloc maps by huge entries where it can (with c0eb315ad971)."),
  change(
    "5.16",
    "9f531973dff3",
    "replies",
    "The tree is searched for the plain size: every place is the lowest fit.",
    { ends: "aug-align-overhead" },
  ),
  change("5.16", "bd1a8fb2d43f", "replies", "vmap warns of VM_NO_GUARD and ignores it.", {
    ends: "no-guard-adjacency",
  }),
  change(
    "5.17",
    "451769ebb7e7",
    "contexts",
    "vmalloc may be called with GFP_NOFS and GFP_NOIO: page tables keep to that by a scope (with 9376130c390a for __GFP_NOFAIL).",
    { begins: "shadow-gfp" },
  ),
  change(
    "5.18",
    "9333fe98d0a6",
    "replies",
    "The search makes room for the alignment again, but for that of a page.",
    { begins: "aug-align-overhead" },
  ),
  change("5.18", "690467c81b1a", "replies areas", "Too much that is lazy is purged by a worker.", {
    ends: "lazy-left-above-limit",
  }),
  change("5.18-rc3", "c12cd77cb028", "areas", "set_iounmap_nonlazy is gone.", {
    ends: "iounmap-overwrites-lazy-nr",
  }),
  change(
    "6.3",
    "e9c3cda4d86e",
    "levels",
    "A vmalloc that gets no huge page takes small ones in the same area.",
    {
      begins: "huge-fallback",
    },
  ),
  change(
    "6.3",
    '"mm: vmalloc: Avoid calling __find_vmap_area() twice in __vunmap()", Uladzislau Rezki, 2022-12-22',
    "outside",
    "vfree takes an area out of the tree before it looks whose it is; an area of no page is refused, and an unmap of none is warned about.",
    { begins: "vfree-unlinks-any" },
  ),
  change("6.3", "869176a09606", "dumps", "Areas say whether vm_map_ram or a block has them."),
  change(
    "6.4",
    "062eacf57ad9",
    "replies locks",
    "Blocks are found in an index for each CPU, by their address.",
    { begins: "vb-hash-gap-cpu" },
  ),
  change("6.5", "fc1e0d980037", "replies blocks walks locks", "vm_unmap_aliases looks at every block.", {
    begins: "vb-wrong-queue-lock",
    ends: "vb-full-block-stale",
  }),
  change("6.5", "a09fad96ffb1", "replies", "What is dirty in a block is forgotten once it was collected.", {
    begins: "vb-dirty-purged-around",
    ends: "vb-dirty-reflushed",
  }),
  change(
    "6.5",
    "ca5e46c3400b",
    "replies",
    "vm_unmap_aliases leaves a block of which a quarter was never given out.",
    { ends: "vb-fragment-double-walk" },
  ),
  change(
    "6.9",
    "7679ba6b36db",
    "replies areas blocks pools waits",
    "Areas belong to nodes, and a node keeps what was released in pools by size (the series begins with 72210662c5a2).",
    { begins: "va-pools-hide-room va-pool-gives-higher nodes-before-init shrinker-beside-purge" },
  ),
  change(
    "6.9",
    "282631cb2447",
    "kasan",
    "A purge empties the shadow that one area alone has, with no lock held, and no longer what free neighbours share.",
  ),
  change("6.9-rc3", "4ed91fa9177b", "", "find_vmap_area finds nothing before vmalloc_init.", {
    ends: "nodes-before-init",
  }),
  change("6.9-rc8", "ac0476e8ca2e", "replies", "vm_map_ram of no page is refused.", {
    ends: "vb-alloc-zero",
  }),
  change("6.10-rc5", "8c61291fd850", "dumps locks", "A block records the CPU on whose queue it is.", {
    begins: "vb-cpu-uninit",
    ends: "vb-wrong-queue-lock",
    backports: [{ series: "6.6" }, { series: "6.8" }, { series: "6.9", from: 8 }],
  }),
  change("6.10-rc7", "a34acf30b19b", "replies", "A block is kept in the index of a CPU that there is.", {
    ends: "vb-hash-gap-cpu",
    backports: [{ series: "6.9", from: 10 }],
  }),
  change("6.11-rc4", "61ebe5a747da", "levels", "It gives the area up, and begins again with small pages.", {
    ends: "huge-fallback",
    backports: [{ series: "6.6" }, { series: "6.10" }],
  }),
  change("6.11-rc4", "3e3de7947c75", "locks", "It is recorded before the block can be found.", {
    ends: "vb-cpu-uninit",
    backports: [{ series: "6.10", from: 10 }],
  }),
  change("6.13", "9e9e085effe9", "kasan", "A purge flushes once for all shadow that it empties.", {
    backports: [{ series: "6.12", from: 117, after: 0 }],
  }),
  change("6.14", "3685024edd27", "levels", "They are copied where the mapping fails part-way, too.", {
    ends: "sync-skipped-on-error",
    backports: [
      { series: "6.1", from: 192, after: 0 },
      { series: "6.12", from: 117, after: 0 },
    ],
  }),
  change("6.15", "b6ea95a34cbd", "contexts", "Pages of shadow are allocated before lazy MMU mode begins.", {
    ends: "shadow-sleeps",
    backports: [
      { series: "6.1", from: 192, after: 0 },
      { series: "6.12", from: 117, after: 0 },
      { series: "6.14" },
    ],
  }),
  change(
    "6.16",
    "44562c71e2cf",
    "contexts",
    "PTEs of vmalloc are set in lazy MMU mode, which an error leaves on.",
    {
      begins: "lazy-mmu-left-on",
    },
  ),
  change("6.16-rc7", "fea18c686320", "contexts", "An error leaves it.", { ends: "lazy-mmu-left-on" }),
  change(
    "6.16",
    '"mm/vmalloc.c: optimize code in decay_va_pool_node() a little bit", Baoquan He, 2025-04-19',
    "replies pools",
    "A purge takes a quarter of each pool, rounded down: before, all of up to three.",
  ),
  change(
    "6.17-rc5",
    '"mm/kasan: fix vmalloc shadow memory (de-)population races", Alexander Gordeev, 2025-08-18',
    "kasan",
    "An entry of the shadow is read under the lock of the page table.",
  ),
  change("6.17-rc6", "79357cd06d41", "contexts", "Shadow is allocated under the mask of vmalloc's caller.", {
    ends: "shadow-gfp",
    backports: [
      { series: "6.1", from: 192, after: 0 },
      { series: "6.12", from: 117, after: 0 },
      { series: "6.16", from: 8 },
    ],
  }),
  change(
    "6.19",
    '"mm/vmalloc: support non-blocking GFP flags in alloc_vmap_area()", Uladzislau Rezki, 2025-10-01',
    "replies contexts",
    "An allocation may say that it cannot wait: for a purge, and for memory.",
    { begins: "caller-context" },
  ),
  change(
    "6.19",
    "9c47753167a6",
    "contexts",
    "A worker frees an area whose pages could not be had or mapped.",
  ),
  change(
    "6.19",
    "e37d5a2d60a3",
    "levels",
    "A page table of the kernel is freed when IOMMUs have forgotten it too.",
    {
      ends: "iotlb-kernel-pt",
    },
  ),
  change("7.1-rc1", "ec05f51f1e65", "pools waits", "The shrinker of the pools takes the purge lock.", {
    begins: "purge-waits-for-reclaim",
    ends: "shrinker-beside-purge",
    backports: [
      { series: "6.12", from: 96 },
      { series: "6.18", from: 27 },
      { series: "7.0", from: 4 },
    ],
  }),
  change("7.1", "04aa71da5f35", "contexts", "vmalloc no longer asserts that bottom halves are on.", {
    ends: "caller-context",
    backports: [{ series: "7.0", from: 12 }],
  }),
  change(
    "7.2",
    '"mm/vmalloc: acquire init_mm lock on huge vmap to avoid ptdump UAF", Lorenzo Stoakes, 2026-07-14',
    "levels",
    "A page table is replaced only under a lock that ptdump holds while it walks; otherwise small entries are used.",
    {
      ends: "table-freed-under-ptdump",
      backports: [
        { series: "6.1", from: 192, after: 0 },
        { series: "6.12", from: 117, after: 0 },
      ],
    },
  ),
];

/** What a commit made of something: by the first digits of its name, or by the author and the date of its patch. */
export type Since<T> = readonly [commit: string, made: Partial<T> | ((before: T) => Partial<T>)];

/** What it is in a version, from what it was at first and a line for each commit. Throws a RangeError for other names. */
export function whatCommitsMade<T extends object>(label: string, first: T, lines: readonly Since<T>[]): T {
  const version = versionOf(label);
  if (version === undefined) throw new RangeError(`${label} is no version of the kernel`);
  const so = { ...first };
  for (const [commit, made] of lines) {
    if (hasChange(version, changeCalled(commit)) !== true) continue;
    Object.assign(so, typeof made === "function" ? made(so) : made);
  }
  return so;
}

/** Those found so far: a hundred lines ask for them once for each of some two hundred labels, as modules are loaded. */
const CITED = new Map<string, Change>();

function changeCalled(commit: string): Change {
  const known = CITED.get(commit);
  if (known !== undefined) return known;
  const [found, ...others] = CHANGES.filter((each) => each.commit.includes(commit));
  if (found === undefined || others.length > 0)
    throw new RangeError(`the bibliography has no commit ${commit}, or several`);
  CITED.set(commit, found);
  return found;
}
