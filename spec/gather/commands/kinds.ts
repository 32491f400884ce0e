/** Every command: what the owner of a gather, its neighbours and an observer may do. */
import type { Addr, Cpu, Level, Pfn, Slot, TableId, TableLevel } from "../vocabulary.ts";

/** A command with its fields; `Of` one of a gather. */
type Named<Op extends string, Fields = unknown> = { readonly op: Op } & Readonly<Fields>;
type Of<Op extends string, Fields = unknown> = Named<Op, Fields & { g: Slot }>;

/** tlb_gather_mmu. */
export type Begin = Of<"gather", { start: Addr; end: Addr; fullmm?: true | undefined }>;

/** tlb_finish_mmu. */
export type Finish = Of<"finish", { start: Addr; end: Addr }>;

/** tlb_start_vma; `pfnmap`: of frames that no page structure describes. */
export type StartVma = Of<
  "startVma",
  { start: Addr; end: Addr; exec?: true | undefined; huge?: true | undefined; pfnmap?: true | undefined }
>;

/** tlb_end_vma; tlb_free_vmas; tlb_flush_mmu; its TLB part; the flag that all is to be flushed; and so on. */
export type Plain = Of<"endVma" | "freeVmas" | "flush" | "flushTlbOnly" | "needFlushAll" | "flushUnshared">;

/** tlb_remove_tlb_entry and its kin: the entries were cleared before. */
export type RemoveEntry = Of<
  "removeEntry",
  { level: Level; addr: Addr; n?: number | undefined; size?: number | undefined }
>;

/** tlb_remove_page; `raw` is __tlb_remove_page, whose caller flushes. `npages` were mapped from there. */
export type RemovePage = Of<
  "removePage",
  { pfn: Pfn; addr: Addr; raw?: true | undefined; size?: number | undefined; npages?: number | undefined }
>;

/** __tlb_remove_folio_pages. */
export type RemoveFolio = Of<"removeFolio", { pfn: Pfn; n: number; addr: Addr }>;

export type PageSize = Of<"pageSize", { size: number }>;

/** zap_pte_range: `n` present PTEs from `addr`, of the frames from `pfn`. */
export type Zap = Of<
  "zap",
  { addr: Addr; n: number; pfn: Pfn; dirty?: true | undefined; folio?: number | undefined }
>;

/** pte_free_tlb and its kin. */
export type FreeTable = Of<"freeTable", { level: TableLevel; id: TableId; addr: Addr }>;

/** tlb_unshare_pmd_ptdesc, of a table that `shares` others use. */
export type Unshare = Of<"unshare", { id: TableId; shares: number; addr: Addr }>;

/** ppc64: arch_enter_lazy_mmu_mode or arch_leave_lazy_mmu_mode. */
export type Lazy = Of<"lazy", { on?: true | undefined }>;

/** ppc64: hpte_need_flush of `n` pages. */
export type Hpte = Of<
  "hpte",
  {
    addr: Addr;
    n?: number | undefined;
    psize?: number | undefined;
    ssize?: number | undefined;
    huge?: true | undefined;
  }
>;

/** After `after` more successes the next `n` allocations of batch pages fail. */
export type FailAlloc = Named<"failAlloc", { n: number; after?: number | undefined }>;

/** The grace periods of all queued callbacks have ended. */
export type RcuRun = Named<"rcuRun">;

/** Other threads between their PTE change and their flush. */
export type Pending = Named<"pending", { delta: number }>;

/** The number of CPUs, mm_users, ppc64's CPU mask; s390's question whether the mm is current->active_mm. */
export type SetNumber = Named<"cpus" | "users" | "mmcpus" | "current", { n: number }>;

export type AsceLimit = Named<"asceLimit", { size: number }>;

/** A fault installs a PTE, in page table `table`. */
export type Insert = Named<"insert", { addr: Addr; pfn: Pfn; table: TableId }>;

/** A CPU translates an address: by its TLB, or by a walk, which fills it. */
export type Touch = Named<"touch", { cpu: Cpu; addr: Addr }>;

/** A CPU loads the mm, keeps it loaded lazily for a kernel thread, or drops it. */
export type Load = Named<"load", { cpu: Cpu; how: "active" | "lazy" | "none" }>;

/** A lockless walker, with interrupts off, begins at a table or ends. */
// The table that it enters; absent where it ends.
export type Walk = Named<"walk", { cpu: Cpu; table?: TableId | undefined }>;

/** Someone else gets a frame that was freed. */
export type Reuse = Named<"reuse", { pfn: Pfn }>;

/** The vma is taken off the rmap: who looks for its mappings finds none. */
export type Unlink = Of<"unlink">;

/** A driver that finds no mapping of its frame any more frees it. */
export type DriverFree = Named<"driverFree", { pfn: Pfn }>;

/** khugepaged replaces a page table by a huge page: it clears the entry, flushes, and frees the table. */
export type Collapse = Named<"collapse", { addr: Addr; table: TableId }>;

/** The owner of a gather sleeps, and continues on another CPU. */
export type Migrate = Of<"migrate", { cpu: Cpu }>;

/** The PTE lock is dropped. */
export type Unlock = Of<"unlock">;

export type Command =
  | Begin
  | Finish
  | StartVma
  | Plain
  | RemoveEntry
  | RemovePage
  | RemoveFolio
  | PageSize
  | Zap
  | FreeTable
  | Unshare
  | Lazy
  | Hpte
  | FailAlloc
  | RcuRun
  | Pending
  | SetNumber
  | AsceLimit
  | Insert
  | Touch
  | Load
  | Walk
  | Reuse
  | Unlink
  | DriverFree
  | Collapse
  | Migrate
  | Unlock;

export type Op = Command["op"];
