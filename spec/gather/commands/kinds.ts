/** Every command: what the owner of a gather, its neighbours and an observer may do. */
import type { Addr, Cpu, Level, Pfn, Slot, TableId, TableLevel } from "../vocabulary.ts";

interface Own {
  g: Slot;
}

interface Span extends Own {
  start: Addr;
  end: Addr;
}

type Flag = true | undefined;
type Count = number | undefined;

/** The fields of each command. */
interface Fields {
  /** tlb_gather_mmu, tlb_finish_mmu. */
  gather: Span & { fullmm?: Flag };
  finish: Span;
  /** tlb_start_vma; `pfnmap`: of frames that no page structure describes. */
  startVma: Span & { exec?: Flag; huge?: Flag; pfnmap?: Flag };
  endVma: Own;
  freeVmas: Own;
  /** tlb_flush_mmu; its TLB part; the flag that all is to be flushed. */
  flush: Own;
  flushTlbOnly: Own;
  needFlushAll: Own;
  /** tlb_remove_tlb_entry and its kin: the entries were cleared before. */
  removeEntry: Own & { level: Level; addr: Addr; n?: Count; size?: Count };
  /** tlb_remove_page; `raw` is __tlb_remove_page, whose caller flushes. `npages` were mapped from there. */
  removePage: Own & { pfn: Pfn; addr: Addr; raw?: Flag; size?: Count; npages?: Count };
  /** __tlb_remove_folio_pages. */
  removeFolio: Own & { pfn: Pfn; n: number; addr: Addr };
  pageSize: Own & { size: number };
  /** zap_pte_range: `n` present PTEs from `addr`, of the frames from `pfn`. */
  zap: Own & { addr: Addr; n: number; pfn: Pfn; dirty?: Flag; folio?: Count };
  /** pte_free_tlb and its kin. */
  freeTable: Own & { level: TableLevel; id: TableId; addr: Addr };
  /** tlb_unshare_pmd_ptdesc, of a table that `shares` others use; tlb_flush_unshared_tables. */
  unshare: Own & { id: TableId; shares: number; addr: Addr };
  flushUnshared: Own;
  /** ppc64: arch_enter_lazy_mmu_mode or arch_leave_lazy_mmu_mode; hpte_need_flush of `n` pages. */
  lazy: Own & { on?: Flag };
  hpte: Own & { addr: Addr; n?: Count; psize?: Count; ssize?: Count; huge?: Flag };
  /** The PTE lock is dropped. */
  unlock: Own;
  /** After `after` more successes the next `n` allocations of batch pages fail. */
  failAlloc: { n: number; after?: Count };
  /** The grace periods of all queued callbacks have ended. */
  rcuRun: unknown;
  /** Other threads between their PTE change and their flush. */
  pending: { delta: number };
  /** The number of CPUs, mm_users, ppc64's CPU mask; s390's question whether the mm is current->active_mm. */
  cpus: { n: number };
  users: { n: number };
  mmcpus: { n: number };
  current: { n: number };
  asceLimit: { size: number };
  /** A fault installs a PTE, in page table `table`. */
  insert: { addr: Addr; pfn: Pfn; table: TableId };
  /** A CPU translates an address: by its TLB, or by a walk, which fills it. */
  touch: { cpu: Cpu; addr: Addr };
  /** A CPU loads the mm, keeps it loaded lazily for a kernel thread, or drops it. */
  load: { cpu: Cpu; how: "active" | "lazy" | "none" };
  /** A lockless walker, with interrupts off, enters a table, or ends where none is named. */
  walk: { cpu: Cpu; table?: TableId | undefined };
  /** Someone else gets a frame that was freed. */
  reuse: { pfn: Pfn };
  /** The vma is taken off the rmap; then a driver that finds no mapping of its frame frees it. */
  unlink: Own;
  driverFree: { pfn: Pfn };
  /** khugepaged replaces a page table by a huge page: it clears the entry, flushes, and frees the table. */
  collapse: { addr: Addr; table: TableId };
  /** The owner of a gather sleeps, and continues on another CPU. */
  migrate: Own & { cpu: Cpu };
}

export type Op = keyof Fields;
/** A command of this op. */
export type Of<O extends Op> = { readonly op: O } & Readonly<Fields[O]>;
export type Command = { [O in Op]: Of<O> }[Op];
