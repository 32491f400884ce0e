/**
 * What can be asked of an allocator, and what it answers. Commands here name an area by its address, as a
 * kernel does and as recordings do; histories name it by the command that asked for it (history.ts).
 */
import type { Bytes, Cpu, Extent, Pages, Pfn, Vpn } from "./vocabulary.ts";

/** alloc_vmap_area(size, align, vstart, vend), and then, if `map`, one fresh frame under every page. */
export interface Alloc {
  readonly op: "alloc";
  /** In pages. 0 is outside the call's domain. */
  readonly size: Pages;
  /** In bytes, a power of two; below a page it places like a page, but a cache compares the raw value. */
  readonly align: Bytes;
  readonly vstart: Vpn;
  readonly vend: Vpn;
  readonly map: boolean;
  /** 2.6.27 only: the caller was ioremap. It shows in the area's flags and nowhere else. */
  readonly ioremap?: boolean;
  /** The CPU that asks, if not 0: from 6.9 on its node's pools are looked at first. */
  readonly cpu?: Cpu;
  /** The caller cannot wait (a gfp mask without __GFP_DIRECT_RECLAIM, 6.19 on): no purge, no retry. */
  readonly noblock?: boolean;
  /**
   * The caller's window ends inside the page `vend`, as one does that ends at the word's last byte: it is longer than its
   * whole pages. Only a search that compares the window's length with the size can tell (5.18 on).
   */
  readonly endsInside?: boolean;
}

/** vfree or vunmap: the caller frees the area of an alloc or a vmap that starts here. Anything else is outside its domain. */
export interface Free {
  readonly op: "free";
  readonly start: Vpn;
}

/**
 * vm_map_ram(pages, count): maps `count` fresh frames. Up to BITS_PER_LONG pages go into a block of the CPU it
 * runs on, more into an area of their own.
 */
export interface MapRam {
  readonly op: "mapRam";
  readonly cpu: Cpu;
  /** In pages. 0 is outside the call's domain. */
  readonly count: Pages;
}

/** vm_unmap_ram(addr, count): the caller unmaps what a mapRam of this count gave it. Anything else is outside its domain. */
export interface UnmapRam {
  readonly op: "unmapRam";
  readonly cpu: Cpu;
  readonly start: Vpn;
  readonly count: Pages;
}

/** What pcpu_get_vm_areas is asked for: areas that lie as far apart wherever their base is. They are disjoint. */
export interface Congruent {
  /** Where each area begins, in pages from the base: multiples of `align`, the lowest of them 0. */
  readonly offsets: readonly Pages[];
  /** Of each area, in pages: multiples of `align`, at least 1. */
  readonly sizes: readonly Pages[];
  /** Of the base, in bytes: a power of two, at least a page. */
  readonly align: Bytes;
}

/** pcpu_get_vm_areas: all these areas in the vmalloc window, as high as can be, or none. Nothing is mapped. */
export interface PcpuGet extends Congruent {
  readonly op: "pcpuGet";
}

/** pcpu_free_vm_areas: the caller lets all areas go, one after another, that a pcpuGet placed at this base. */
export interface PcpuFree {
  readonly op: "pcpuFree";
  readonly start: Vpn;
  readonly offsets: readonly Pages[];
}

/**
 * vmap(pages, count, flags): maps `count` fresh frames in an area of their own in the vmalloc window, which a free lets
 * go. The last page of the area has no PTE: it is the guard page.
 */
export interface Vmap {
  readonly op: "vmap";
  /** In pages. 0 is outside the call's domain. */
  readonly count: Pages;
  /** The caller passes VM_NO_GUARD: no guard page, please. What comes of it differs between releases. */
  readonly noGuard?: boolean;
}

/** A CPU reads one page, or writes to it: through its TLB if it can, else by the page table. */
export interface Touch {
  readonly op: "touch";
  readonly cpu: Cpu;
  readonly page: Vpn;
  /** A write leaves a dirty line in a cache indexed by virtual address. */
  readonly write?: boolean;
}

/** find_vmap_area(addr): which area is here? May be asked before vmalloc_init, and was (catalogue B10). */
export interface Find {
  readonly op: "find";
  readonly page: Vpn;
}

/** A page-table page goes back to the page allocator, and is nobody's secret any more. */
export interface Unpin {
  readonly op: "unpin";
  readonly frame: Pfn;
}

export type Command =
  | Alloc
  | Free
  | MapRam
  | UnmapRam
  | PcpuGet
  | PcpuFree
  | Vmap
  | Find
  | Touch
  /**
   * A page is allocated for use in a page table, and pinned: Xen wants no other writable mapping of it, PAT no
   * other mapping at all (Jeremy Fitzhardinge and Nick Piggin, linux-kernel, June 2008). The page allocator hands out what was freed last.
   */
  | { readonly op: "pin" }
  | Unpin
  /** vmalloc_init(), in a scope that begins before it. */
  | { readonly op: "init" }
  /** purge_vmap_area_lazy(): flush and release every lazy area now. */
  | { readonly op: "purge" }
  /** vm_unmap_aliases(). */
  | { readonly op: "unmapAliases" }
  /** Only reports what the TLBs hold. */
  | { readonly op: "tlb" };

/** A translation held by a CPU. */
export interface Translation {
  readonly cpu: Cpu;
  readonly page: Vpn;
  readonly frame: Pfn;
}

/** What a pin came to. */
export interface Pinned {
  readonly kind: "pinned";
  readonly frame: Pfn;
  /** PTEs of the frame that the host trapped and took away. */
  readonly traps: number;
  /** vm_unmap_aliases was called on the way. */
  readonly swept: boolean;
  /** PTEs that still map the frame: a host that looks finds them. */
  readonly ptes: number;
}

/** What an observer of page tables and TLBs sees when unmapAliases or tlb returns. */
export interface AliasReport {
  /** TLB entries whose PTE is gone or maps another frame; by CPU, then by page. */
  readonly staleTlb: readonly Translation[];
  /** TLB entries for what no caller holds mapped any more; by CPU, then by page. */
  readonly deadTlb: readonly Translation[];
  /** PTEs present for pages that no caller holds, or with another frame than that of the page's latest map. */
  readonly deadPtes: number;
}

/** What every reply says beside its result. */
interface Effects {
  /** Ranges given to flush_tlb_kernel_range, in order, exactly as passed. */
  readonly flushes: readonly Extent[];
  /** PTEs this command installed. */
  readonly pteSet: number;
  /** PTEs that were present and that this command cleared, by whichever path. */
  readonly pteCleared: number;
  /** Descriptors handed to RCU to be freed. Absent where the observer cannot tell. */
  readonly rcuCallbacks?: number;
  /** Work items run at the end of the call: purges put off, from 5.18 on. Absent where the observer cannot tell. */
  readonly workItems?: number;
  /** The allocator's own count of lazy pages (vmap_lazy_nr). Absent where the observer cannot tell. */
  readonly lazyPages?: Pages;
  /** Descriptors alive after the command. Only a harness around the allocator can tell. */
  readonly descriptors?: number;
  /** A freed descriptor was read. Only a harness around the allocator can tell. */
  readonly usedAfterFree?: boolean;
  /** Per-CPU data of a CPU that is not possible were used. Only a harness around the allocator can tell. */
  readonly usedAbsentCpu?: boolean;
  /**
   * After a purge: whether one request for the whole word, but for its first and last page, would be granted now, as
   * tried on a copy. Only a harness around the allocator can tell.
   */
  readonly wholeFree?: boolean | undefined;
  /** Pages with dirty lines in a cache indexed by virtual address. Absent without such an observer. */
  readonly dirtyLines?: readonly Vpn[];
  /** What the kernel warned of (WARN), if it did, and went its way. Absent also where the observer cannot tell. */
  readonly warning?: string | undefined;
}

export type Response = Effects &
  (
    | {
        readonly kind: "placed";
        /** Of the area or the map; of a pcpuGet, the base. */
        readonly start: Vpn;
        /** Mapping stopped at a page whose PTE was already there; the area stays. */
        readonly mapStopped: boolean;
      }
    | { readonly kind: "refused" }
    | { readonly kind: "done"; readonly aliases?: AliasReport }
    | Pinned
    /** Where the area begins that find_vmap_area found; null if it found none. */
    | { readonly kind: "found"; readonly start: Vpn | null }
    /** A touch: served from the TLB (hit), walked, or faulted (frame null). */
    | { readonly kind: "reached"; readonly hit: boolean; readonly frame: Pfn | null }
    /** The kernel would have stopped here (BUG, BUG_ON); a history ends. */
    | { readonly kind: "bug"; readonly text: string }
    /** The call does not return: it has done more work than any call that does. A history ends. */
    | { readonly kind: "hung"; readonly text: string }
    /** The process ended in place of an answer. A history ends. */
    | { readonly kind: "crashed"; readonly text: string }
    /** No answer came by the deadline. A history ends. */
    | { readonly kind: "silent"; readonly text: string }
  );

/** Whether nothing can follow a reply: the kernel stopped, the call does not return, or the process is gone. */
export function endsHistory({ kind }: Response): boolean {
  return kind === "bug" || kind === "hung" || kind === "crashed" || kind === "silent";
}
