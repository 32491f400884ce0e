/** How large a machine is, what its callers ask for, and what follows from that alone. */
import type { PercpuLayout } from "./percpu-layout.ts";
import type { Bytes, Cpu, Pages, Vpn } from "./vocabulary.ts";

/** The window [vstart, vend) an allocation may use; `vend` is counted down to a whole page. */
export interface Window {
  readonly vstart: Vpn;
  readonly vend: Vpn;
}

/**
 * How large the machine is, and what its callers ask for. The word is a parameter: a space of 2^6 pages wraps at its
 * top as one of 2^52 pages does, so the overflow edge is an ordinary corner of a small machine.
 */
export interface Scope {
  readonly name: string;
  /** Pages in the address space, 2^W, which is also one past its last page. 2^52 for a 64-bit kernel. */
  readonly wordPages: number;
  /** nr_cpu_ids: CPU numbers lie below it. All CPUs that are possible are online. */
  readonly cpus: Cpu;
  /** CPU numbers between 0 and the highest that no CPU has: cpu_possible_mask has gaps there. None, if not given. */
  readonly absentCpus?: readonly Cpu[];
  /** Lazy pages above which a free purges, or null for the kernel's formula. */
  readonly lazyMaxPages: Pages | null;
  /** VMALLOC_START and VMALLOC_END: where vm_map_ram, vmap and pcpu_get_vm_areas place areas. */
  readonly vmalloc: Window;
  /** VMAP_BBMAP_BITS: pages in a per-CPU block, at least twice `bitsPerLong`; 0 where the kernel has none. */
  readonly blockPages: Pages;
  /** BITS_PER_LONG: the most pages a map may take in a block, and the bits in a word of a block's bitmaps. */
  readonly bitsPerLong: Pages;
  /** Histories begin before vmalloc_init was called. */
  readonly beforeInit: boolean;
  /** Callers also make calls outside their domain. */
  readonly outside?: true;
  /** What `enabled` and the generators ask for. A recording has none of these. */
  readonly counts: readonly Pages[];
  readonly sizes: readonly Pages[];
  readonly aligns: readonly Bytes[];
  readonly windows: readonly Window[];
  /** What pcpu_get_vm_areas is asked for. */
  readonly congruent: readonly PercpuLayout[];
}

/** Pages in a 64-bit space of 4 KiB pages. */
export const WORD64: number = 2 ** 52;

/** The most pages a block has: VMAP_BBMAP_BITS is at most 1024 (catalogue, section 3). */
export const LARGEST_BLOCK = 1024;

/** The most pages an input may have mapped at once: more than any recording, few enough to map one by one. */
export const MOST_MAPPED = 2 ** 20;

/** The part of a scope that only small maps and percpu areas read, where there are none. */
export const AREAS_ONLY = {
  vmalloc: { vstart: 0, vend: 0 },
  blockPages: 0,
  bitsPerLong: 64,
  beforeInit: false,
  counts: [],
  congruent: [],
} as const;

/** The part of a scope that only blocks read, as a 64-bit kernel for some dozens of CPUs has it. */
export const BLOCKS64 = { blockPages: 1024, bitsPerLong: 64 } as const;

/** Whether there may be a CPU of this number. */
export function isPossible({ cpus, absentCpus }: Scope, cpu: Cpu): boolean {
  return cpu < cpus && absentCpus?.includes(cpu) !== true;
}

/** The numbers of the possible CPUs, lowest first. */
export function possibleCpus(scope: Scope): readonly Cpu[] {
  return Array.from({ length: scope.cpus }, (_none, cpu) => cpu).filter((cpu) => isPossible(scope, cpu));
}

/** num_possible_cpus(): how many CPUs there are. */
export function possibleCount(scope: Scope): number {
  return scope.absentCpus === undefined ? scope.cpus : possibleCpus(scope).length;
}

/** Whether a map of this many pages goes into a block, and not into an area of its own. */
export function fitsBlock(scope: Scope, count: Pages): boolean {
  return count <= scope.bitsPerLong;
}

/** Whether less than a quarter of a block was never given out (VMAP_PURGE_THRESHOLD, 6.5). */
export function isLittleLeft(pages: Pages, given: Pages): boolean {
  return pages - given < pages / 4;
}

/** nr_vmap_nodes, from 6.9 on: as many nodes as CPUs are possible, whatever their numbers, up to 128 (vmap_init_nodes). */
export function vmapNodes(scope: Scope): number {
  return Math.min(possibleCount(scope), 128);
}

/** MAX_VA_SIZE_PAGES: the largest extent that a node's pools hold. */
export const LARGEST_POOLED: Pages = 256;

/** The pages that callers of vmap ask for: those of maps, where there is a window for them. */
export function vmapCounts({ vmalloc, counts }: Scope): readonly Pages[] {
  return vmalloc.vstart < vmalloc.vend ? counts.filter((count) => count > 0) : [];
}

/** Where the block that holds this page begins: blocks are aligned to their size. */
export function blockStart(scope: Scope, page: Vpn): Vpn {
  return Math.floor(page / scope.blockPages) * scope.blockPages;
}

/**
 * lazy_max_pages(): fls(online CPUs) * 32 MiB, in pages, unchanged from 2.6.28 on (catalogue, section 3).
 * A free purges when the lazy pages are above it, not at it.
 */
export function lazyMaxPages(scope: Scope): Pages {
  if (scope.lazyMaxPages !== null) return scope.lazyMaxPages;
  const fls = 32 - Math.clz32(possibleCount(scope));
  return fls * ((32 * 1024 * 1024) / 4096);
}
