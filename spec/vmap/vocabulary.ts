/**
 * The nouns of the kernel's vmap layer, as types. Addresses, sizes and windows are counted in pages
 * (2^64 bytes are 2^52 pages, which a Number holds exactly); alignments are in bytes, as the kernel's are.
 */

/** A number with a unit: plain numbers fit, other units do not. */
type Unit<Name extends string> = number & { readonly __unit?: Name };

/** Virtual page number: an address divided by the page size. */
export type Vpn = Unit<"vpn">;
/** Page frame number; counted from 1, so 0 can stand for "none" in arrays. */
export type Pfn = Unit<"pfn">;
/** CPU number, from 0. */
export type Cpu = Unit<"cpu">;
/** A length in pages. */
export type Pages = Unit<"pages">;
/** A length in bytes; only alignments are kept so. */
export type Bytes = Unit<"bytes">;

/** Bytes in a page, in every recording and every machine here. */
export const PAGE_SIZE = 4096;

/** A half-open range of pages [start, end), in plain integers: `end` may lie beyond the top of the word. */
export interface Extent {
  readonly start: Vpn;
  readonly end: Vpn;
}

/** A half-open range of offsets in a block, in pages. */
export interface Offsets {
  readonly start: Pages;
  readonly end: Pages;
}

/** The alignment as a placement sees it: a power of two in pages, at least one. */
export function alignmentInPages(align: Bytes): Pages {
  return align <= PAGE_SIZE ? 1 : align / PAGE_SIZE;
}

/** The lowest multiple of `align` (in bytes) at or above `page`, in plain integers: nothing wraps. */
export function alignUp(page: Vpn, align: Bytes): Vpn {
  const step = alignmentInPages(align);
  return Math.ceil(page / step) * step;
}

/** The highest multiple of `align` (in bytes) at or below `page`. */
export function alignDown(page: Vpn, align: Bytes): Vpn {
  const step = alignmentInPages(align);
  return Math.floor(page / step) * step;
}

/** Pages as a block gives them out: the count, at least 1, rounded up to a power of two (get_order). */
export function roundedUp(count: Pages): Pages {
  return 2 ** Math.ceil(Math.log2(count));
}

/** Whether two half-open ranges share a page. */
export function overlaps(a: Extent, b: Extent): boolean {
  return a.start < b.end && b.start < a.end;
}

/** Page numbers above this are shown as addresses. */
export const LARGE: Vpn = 2 ** 20;

/** A page number; as an address in bytes if it is large. */
export function page(vpn: Vpn): string {
  return vpn < LARGE ? String(vpn) : `0x${(BigInt(vpn) * BigInt(PAGE_SIZE)).toString(16)}`;
}

export function alignment(align: Bytes): string {
  if (align === PAGE_SIZE) return "";
  return align < PAGE_SIZE
    ? ` align ${align} byte${align === 1 ? "" : "s"}`
    : ` align ${align / PAGE_SIZE} pages`;
}

export function pagesText(count: number): string {
  return `${count} page${count === 1 ? "" : "s"}`;
}
