/** Words of the wing. Addresses are in bytes, as recordings and the kernel have them. */

/** An address in bytes. `TOP` stands for ~0. */
export type Addr = number;
/** A page frame. */
export type Pfn = number;
/** A page table, by the number its caller gave it. */
export type TableId = number;
/** The slot of an open gather; up to 2.6.39 also its CPU. */
export type Slot = number;
export type Cpu = number;

/** Half open, in bytes. */
export interface Range {
  readonly start: Addr;
  readonly end: Addr;
}

/** 2^64 - 1 of C, which no Number has. */
export const TOP: Addr = 2 ** 64;
/** Where a range starts that holds nothing yet: TASK_SIZE. */
export const TASK_SIZE: Addr = 0x7ffffffff000;

export const PAGE = 4096;
export const PMD = 2 ** 21;
export const PUD = 2 ** 30;
/** A frame number above this is a page table whose page was gathered: the page of table `pfn - TABLE_PAGES`. */
export const TABLE_PAGES: Pfn = 1_000_000_000;

/** What an entry maps; "huge" is a huge page of any size. */
export type Level = "pte" | "pmd" | "pud" | "huge";
/** What a page table is. */
export type TableLevel = "pte" | "pmd" | "pud" | "p4d";

/** The levels of the page table whose entries were cleared, as bits. */
export const CLEARED = { pte: 1, pmd: 2, pud: 4, p4d: 8 } as const;
/** The level in which the entry stood that pointed to a table. */
export const ABOVE: Readonly<Record<TableLevel, number>> = {
  pte: CLEARED.pmd,
  pmd: CLEARED.pud,
  pud: CLEARED.p4d,
  p4d: 0,
};

/** What an entry of this level maps, in bytes; a huge page says its size. */
export const mappedBy = (level: Level, size: number): number =>
  level === "huge" ? size : { pte: PAGE, pmd: PMD, pud: PUD }[level];
/** The level of an entry that maps so much. */
export const levelOf = (size: number): number =>
  size >= PUD ? CLEARED.pud : size >= PMD ? CLEARED.pmd : CLEARED.pte;

/**
 * The architectures that were recorded. `gen` frees tables without an invalidate, `geninv` with one; `ptr` is x86 that
 * frees single tables through RCU.
 */
export const ARCHES = ["x86", "gen", "geninv", "ptr", "s390", "ppc64"] as const;
export type Arch = (typeof ARCHES)[number];

export const lowest = (a: Addr, b: Addr): Addr => (a < b ? a : b);
export const highest = (a: Addr, b: Addr): Addr => (a > b ? a : b);
