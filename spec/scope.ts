import type { Bytes, Cpu, Pages, Vpn } from "./vocabulary.ts";

/** The window [vstart, vend) an allocation may use; `vend` is counted down to a whole page. */
export interface Window {
  readonly vstart: Vpn;
  readonly vend: Vpn;
}

/**
 * How large the machine is, and what its callers ask for. The word is a parameter: a space of 2^6 pages wraps
 * at its top as one of 2^52 pages does, so the overflow edge is an ordinary corner of a small machine.
 */
export interface Scope {
  readonly name: string;
  /** Pages in the address space, 2^W, which is also one past its last page. 2^52 for a 64-bit kernel. */
  readonly wordPages: number;
  /** Possible CPUs, all online. */
  readonly cpus: Cpu;
  /** Lazy pages above which a free purges, or null for the kernel's formula. */
  readonly lazyMaxPages: Pages | null;
  /** What `enabled` and the generators ask for. A recording has none of these. */
  readonly sizes: readonly Pages[];
  readonly aligns: readonly Bytes[];
  readonly windows: readonly Window[];
}

/** Pages in a 64-bit space of 4 KiB pages. */
export const WORD64: number = 2 ** 52;

/**
 * lazy_max_pages(): fls(online CPUs) * 32 MiB, in pages, unchanged from 2.6.28 on (catalogue, section 3).
 * A free purges when the lazy pages are above it, not at it.
 */
export function lazyMaxPages(scope: Scope): Pages {
  if (scope.lazyMaxPages !== null) return scope.lazyMaxPages;
  const fls = 32 - Math.clz32(scope.cpus);
  return fls * ((32 * 1024 * 1024) / 4096);
}
