/**
 * What each commit changed in what a gather does, said once, as kernels/changes.ts does it for vmap. When a commit
 * came, and in which words, the bibliography says (spec/gather/bibliography.ts). No promise stands here.
 */
import { type Since, whatCommitsMade } from "../../spec/gather/bibliography.ts";

export interface Facts {
  /** Where pages wait: in the array of a CPU, or in a chain of batches of the gather. */
  readonly pagesIn: "array" | "chain";
  /** Whether one CPU frees pages at once, and flushes at the end. */
  readonly fastMode: boolean;
  readonly limitsBatches: boolean;
  /** What says that a flush is needed, and what a page does about it. */
  readonly flushIf: "need_flush" | "need_flush, asserted" | "end" | "levels";
  /** The range of a gather: none; ~0 to 0 until someone sets it; as its caller gave it; of what was removed. */
  readonly range: "none" | "unset" | "given" | "gathered";
  /** Whether a flush is a TLB part and a freeing part; and with which of them table batches go. */
  readonly splitsFlush: boolean;
  readonly tablesGo: "with the TLB part" | "before the pages";
  /** What of a range that it stopped in zap flushes. */
  readonly zapFlushes: "all" | "what is left" | "up to the last page" | "what was gathered";
  /** Whether the last user of an mm frees tables at once. */
  readonly usersShortcut: boolean;
  /** Whether the page-table walk caches are invalidated before tables go, on architectures that need it. */
  readonly invalidates: boolean;
  readonly notifies: boolean;
  /** The levels and sizes of what was removed: all are pages; sizes of the range; and which levels were cleared. */
  readonly tracks: "pages" | "sizes" | "levels";
  /** What finish does where another thread is between its PTE change and its flush. */
  readonly nested: "ignored" | "adds its range" | "flushes all";
  /** What __tlb_remove_page returns. */
  readonly returns: "what is left" | "whether it is full";
  /** The page size: unknown, stored for an assertion, or on some architectures a reason to flush. */
  readonly pageSize: "unknown" | "stored" | "flushes" | "flushes, unless all is";
  /** What ends a vma on an architecture without code of its own. */
  readonly endVma: "nothing" | "TLB part, no notifier" | "TLB part";
  /** Whether the architecture's own code is gone, and what a vma of frames without pages does. */
  readonly genericVma: boolean;
  readonly frameVmas: "nothing" | "flush at the end" | "flush at free_vmas";
  readonly cachesFlushed: boolean;
  readonly delaysRmap: boolean;
  readonly folios: boolean;
  readonly sharedTables: boolean;
  /** x86 flushes ranges. */
  readonly x86Ranges: boolean;
  /** ppc64: huge pages are rounded to their base; s390: tables through RCU; whose list of tables ppc64 has. */
  readonly roundsHugeHash: boolean;
  readonly s390Tables: "array" | "rcu";
  /** s390: whether a gather of the whole mm flushes first, and then frees tables at once. */
  readonly s390FlushesFirst: boolean;
}

/** 2.6.28. */
const FIRST: Facts = {
  pagesIn: "array",
  fastMode: true,
  limitsBatches: false,
  flushIf: "need_flush",
  range: "none",
  splitsFlush: false,
  tablesGo: "with the TLB part",
  zapFlushes: "all",
  usersShortcut: true,
  invalidates: false,
  notifies: false,
  tracks: "pages",
  nested: "ignored",
  returns: "what is left",
  pageSize: "unknown",
  endVma: "nothing",
  genericVma: false,
  frameVmas: "nothing",
  cachesFlushed: false,
  delaysRmap: false,
  folios: false,
  sharedTables: false,
  x86Ranges: false,
  roundsHugeHash: false,
  s390Tables: "array",
  s390FlushesFirst: true,
};

/** In the order of the bibliography. */
const MADE: readonly Since<Facts>[] = [
  ["d16dfc550f53", { pagesIn: "chain" }],
  ["26723911269b", { s390Tables: "rcu", roundsHugeHash: true }],
  ["53a59fc67f97", { limitsBatches: true }],
  [
    "597e1c3580b7",
    { range: "unset", flushIf: "need_flush, asserted", x86Ranges: true, zapFlushes: "what is left" },
  ],
  ["29eb77825cc7", { fastMode: false }],
  ["2b047252d087", { range: "given" }],
  ["02a8f3abb708", { s390FlushesFirst: false }],
  ["1cf35d47712d", { splitsFlush: true, zapFlushes: "up to the last page" }],
  [
    "fb7332a9fedf",
    {
      range: "gathered",
      flushIf: "end",
      notifies: true,
      zapFlushes: "what was gathered",
      endVma: "TLB part, no notifier",
    },
  ],
  ["e9d55e157034", { returns: "whether it is full" }],
  ["e77b0852b551", { pageSize: "stored", tracks: "sizes" }],
  ["99baac21e458", { nested: "adds its range" }],
  ["a6f572084fbe", { usersShortcut: false }],
  ["d86564a2f085", { invalidates: true }],
  ["db7ddef30128", { tablesGo: "before the pages", endVma: "TLB part" }],
  ["a6d60245d6d9", { tracks: "levels" }],
  ["5f307be18b3e", { cachesFlushed: true }],
  ["ed6a79352cad", { pageSize: "flushes" }],
  ["7a30df49f63a", { nested: "flushes all" }],
  ["0ed1325967ab", { pageSize: "flushes, unless all is" }],
  ["0d6e24d430ef", { flushIf: "levels" }],
  ["1e9fdf21a433", { genericVma: true }],
  ["b67fbebd4cf9", { frameVmas: "flush at the end" }],
  ["5df397dec7c4", { delaysRmap: true }],
  ["6bbd42e2df8f", { notifies: false }],
  ["d7f861b9c43a", { folios: true }],
  ["mmu_gather: move tlb flush for VM_PFNMAP", { frameVmas: "flush at free_vmas" }],
  ["mm/hugetlb: fix excessive IPI broadcasts", { sharedTables: true }],
];

/** What the kernel of a label does. Throws a RangeError for what is no label. */
export function factsOf(label: string): Facts {
  return whatCommitsMade(label, FIRST, MADE);
}
