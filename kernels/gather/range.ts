/** What a gather knows of what was removed: its range, and from 4.20 on the levels of the page table. */
import {
  ABOVE,
  type Addr,
  CLEARED,
  highest,
  type Level,
  levelOf,
  lowest,
  mappedBy,
  PAGE,
  TASK_SIZE,
  type TableLevel,
  TOP,
} from "../../spec/gather/vocabulary.ts";
import type { Facts } from "./changes.ts";
import type { Gather } from "./state.ts";

/** __tlb_reset_range. */
export function resetRange(gather: Gather): void {
  gather.start = gather.fullmm ? TOP : TASK_SIZE;
  gather.end = gather.fullmm ? TOP : 0;
  gather.freedTables = 0;
  gather.cleared = 0;
  gather.unshared = 0;
}

/** __tlb_adjust_range. */
export function adjustRange(gather: Gather, start: Addr, size: number): void {
  gather.start = lowest(gather.start, start);
  gather.end = highest(gather.end, start + size);
}

/** What tlb_remove_tlb_entry and its kin note of an entry. */
export function noteEntry(
  gather: Gather,
  { tracks, range, flushIf }: Facts,
  entry: { readonly level: Level; readonly addr: Addr; readonly count: number; readonly size: number },
): void {
  if (flushIf !== "end" && flushIf !== "levels") gather.needFlush = 1;
  if (range !== "gathered") return;
  const { level, addr, count, size } = entry;
  const each = mappedBy(level, size);
  adjustRange(gather, addr, (tracks === "pages" ? PAGE : each) * count);
  if (tracks === "levels") gather.cleared |= levelOf(each);
}

/** What pte_free_tlb and its kin note of a table. */
export function noteTable(
  gather: Gather,
  { tracks, range, flushIf }: Facts,
  level: TableLevel,
  addr: Addr,
): void {
  if (flushIf !== "end" && flushIf !== "levels") gather.needFlush = 1;
  if (range !== "gathered") return;
  adjustRange(gather, addr, PAGE);
  if (tracks !== "levels") return;
  gather.freedTables = 1;
  gather.cleared |= ABOVE[level];
}

/** tlb_get_unmap_shift: the smallest level that was cleared. */
export function strideOf({ cleared }: Gather): number {
  if (cleared & CLEARED.pte || cleared === 0) return 12;
  if (cleared & CLEARED.pmd) return 21;
  return cleared & CLEARED.pud ? 30 : 39;
}
