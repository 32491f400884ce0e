/** Percpu areas from a base on, and which of them pcpu_get_vm_areas accepts. */
import { alignmentInPages, type Bytes, type Extent, overlaps, type Pages, type Vpn } from "./vocabulary.ts";

/** The argument of pcpu_get_vm_areas: disjoint areas with the same distances wherever their base is. */
export interface PercpuLayout {
  /** Where each area begins, in pages from the base: multiples of `align`, the lowest of them 0. */
  readonly offsets: readonly Pages[];
  /** Of each area, in pages: multiples of `align`, at least 1. */
  readonly sizes: readonly Pages[];
  /** Of the base, in bytes: a power of two, at least a page. */
  readonly align: Bytes;
}

/** Where these areas lie from this base on, in the order of their offsets. */
export function areasFrom(base: Vpn, { offsets, sizes }: PercpuLayout): readonly Extent[] {
  return offsets.map((offset, nth) => ({ start: base + offset, end: base + offset + (sizes[nth] as Pages) }));
}

/**
 * What the kernel would stop at or warn of, or what the percpu allocator never asks: a field, and what was expected.
 */
export interface OutOfDomain {
  readonly field: "offsets" | "sizes";
  readonly says: string;
}

/** What is wrong with such a request, whose numbers are whole pages; undefined if nothing is. */
export function outOfDomain(asked: PercpuLayout): OutOfDomain | undefined {
  const { offsets, sizes, align } = asked;
  if (sizes.length !== offsets.length) {
    return { field: "sizes", says: `expected as many as there are offsets, ${offsets.length}` };
  }
  const step = alignmentInPages(align);
  const multiples = step === 1 ? "whole pages" : `multiples of ${step} pages, which align is`;
  if (offsets.some((offset) => offset % step !== 0))
    return { field: "offsets", says: `expected ${multiples}` };
  if (sizes.some((size) => size < 1 || size % step !== 0))
    return { field: "sizes", says: `expected ${multiples}, of none 0` };
  if (Math.min(...offsets) !== 0) return { field: "offsets", says: "expected the lowest to be 0: the base" };
  const byStart = areasFrom(0, asked).toSorted((a, b) => a.start - b.start);
  const apart = byStart.every((area, nth) => nth === 0 || !overlaps(area, byStart[nth - 1] as Extent));
  return apart ? undefined : { field: "offsets", says: "expected areas that share no page" };
}
