/** Every command: what the owner of a gather, its neighbours and an observer may do. */
import type { Addr, Cpu, Level, Pfn, Slot, TableId, TableLevel } from "../vocabulary.ts";

interface OfGather {
  readonly g: Slot;
}

/** tlb_gather_mmu. */
export interface Begin extends OfGather {
  readonly op: "gather";
  readonly start: Addr;
  readonly end: Addr;
  readonly fullmm?: true | undefined;
}

/** tlb_finish_mmu. */
export interface Finish extends OfGather {
  readonly op: "finish";
  readonly start: Addr;
  readonly end: Addr;
}

export interface StartVma extends OfGather {
  readonly op: "startVma";
  readonly start: Addr;
  readonly end: Addr;
  readonly exec?: true | undefined;
  readonly huge?: true | undefined;
  /** Frames that no page structure describes. */
  readonly pfnmap?: true | undefined;
}

/** tlb_end_vma; tlb_free_vmas; tlb_flush_mmu; its TLB part; the flag that all is to be flushed; and so on. */
export interface Plain extends OfGather {
  readonly op: "endVma" | "freeVmas" | "flush" | "flushTlbOnly" | "needFlushAll" | "flushUnshared";
}

/** tlb_remove_tlb_entry and its kin: the entries were cleared before. */
export interface RemoveEntry extends OfGather {
  readonly op: "removeEntry";
  readonly level: Level;
  readonly addr: Addr;
  readonly n?: number | undefined;
  readonly size?: number | undefined;
}

/** tlb_remove_page; `raw` is __tlb_remove_page, whose caller flushes. */
export interface RemovePage extends OfGather {
  readonly op: "removePage";
  readonly pfn: Pfn;
  readonly addr: Addr;
  readonly raw?: true | undefined;
  readonly size?: number | undefined;
  /** Pages that were mapped from there. */
  readonly npages?: number | undefined;
}

/** __tlb_remove_folio_pages. */
export interface RemoveFolio extends OfGather {
  readonly op: "removeFolio";
  readonly pfn: Pfn;
  readonly n: number;
  readonly addr: Addr;
}

export interface PageSize extends OfGather {
  readonly op: "pageSize";
  readonly size: number;
}

/** zap_pte_range: `n` present PTEs from `addr`, of the frames from `pfn`. */
export interface Zap extends OfGather {
  readonly op: "zap";
  readonly addr: Addr;
  readonly n: number;
  readonly pfn: Pfn;
  readonly dirty?: true | undefined;
  readonly folio?: number | undefined;
}

/** pte_free_tlb and its kin. */
export interface FreeTable extends OfGather {
  readonly op: "freeTable";
  readonly level: TableLevel;
  readonly id: TableId;
  readonly addr: Addr;
}

/** tlb_unshare_pmd_ptdesc, of a table that `shares` others use. */
export interface Unshare extends OfGather {
  readonly op: "unshare";
  readonly id: TableId;
  readonly shares: number;
  readonly addr: Addr;
}

/** ppc64: arch_enter_lazy_mmu_mode or arch_leave_lazy_mmu_mode. */
export interface Lazy extends OfGather {
  readonly op: "lazy";
  readonly on?: true | undefined;
}

/** ppc64: hpte_need_flush of `n` pages. */
export interface Hpte extends OfGather {
  readonly op: "hpte";
  readonly addr: Addr;
  readonly n?: number | undefined;
  readonly psize?: number | undefined;
  readonly ssize?: number | undefined;
  readonly huge?: true | undefined;
}

/** After `after` more successes the next `n` allocations of batch pages fail. */
export interface FailAlloc {
  readonly op: "failAlloc";
  readonly n: number;
  readonly after?: number | undefined;
}

/** The grace periods of all queued callbacks have ended. */
export interface RcuRun {
  readonly op: "rcuRun";
}

/** Other threads between their PTE change and their flush. */
export interface Pending {
  readonly op: "pending";
  readonly delta: number;
}

/** The number of CPUs, mm_users, ppc64's CPU mask; s390's question whether the mm is current->active_mm. */
export interface SetNumber {
  readonly op: "cpus" | "users" | "mmcpus" | "current";
  readonly n: number;
}

export interface AsceLimit {
  readonly op: "asceLimit";
  readonly size: number;
}

/** A fault installs a PTE, in page table `table`. */
export interface Insert {
  readonly op: "insert";
  readonly addr: Addr;
  readonly pfn: Pfn;
  readonly table: TableId;
}

/** A CPU translates an address: by its TLB, or by a walk, which fills it. */
export interface Touch {
  readonly op: "touch";
  readonly cpu: Cpu;
  readonly addr: Addr;
}

/** A CPU loads the mm, keeps it loaded lazily for a kernel thread, or drops it. */
export interface Load {
  readonly op: "load";
  readonly cpu: Cpu;
  readonly how: "active" | "lazy" | "none";
}

/** A lockless walker, with interrupts off, begins at a table or ends. */
export interface Walk {
  readonly op: "walk";
  readonly cpu: Cpu;
  /** The table that it enters; absent where it ends. */
  readonly table?: TableId | undefined;
}

/** Someone else gets a frame that was freed. */
export interface Reuse {
  readonly op: "reuse";
  readonly pfn: Pfn;
}

/** The vma is taken off the rmap: who looks for its mappings finds none. */
export interface Unlink extends OfGather {
  readonly op: "unlink";
}

/** A driver that finds no mapping of its frame any more frees it. */
export interface DriverFree {
  readonly op: "driverFree";
  readonly pfn: Pfn;
}

/** khugepaged replaces a page table by a huge page: it clears the entry, flushes, and frees the table. */
export interface Collapse {
  readonly op: "collapse";
  readonly addr: Addr;
  readonly table: TableId;
}

/** The owner of a gather sleeps, and continues on another CPU. */
export interface Migrate extends OfGather {
  readonly op: "migrate";
  readonly cpu: Cpu;
}

/** The PTE lock is dropped. */
export interface Unlock extends OfGather {
  readonly op: "unlock";
}

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
