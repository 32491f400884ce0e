/** How two kernels' replies to one command differ, as callers, page tables and TLBs would notice. */
import { type AliasReport, endsHistory, type Response, type Translation } from "../../spec/vmap/commands.ts";
import type { Extent, Vpn } from "../../spec/vmap/vocabulary.ts";
import type { Kind } from "../../spec/wing.ts";

export const KINDS = [
  { id: "stop", says: "Both stop, both do not return, or both answer." },
  { id: "refusal", says: "Both refuse, or neither does." },
  { id: "address", says: "Both place at the same address." },
  { id: "flush", says: "Both flush the same ranges in the same order." },
  { id: "ptes", says: "Both set as many PTEs, and clear as many." },
  { id: "lazy-pages", says: "Both count as many lazy pages." },
  { id: "touch", says: "A touch reaches the same frame by the same way." },
  { id: "found", says: "A search for an address finds the same area." },
  { id: "aliases", says: "The same translations and PTEs are left of what was freed." },
  { id: "warning", says: "Both warn, or neither does." },
  { id: "dirty-lines", says: "The same pages have dirty lines in a cache indexed by virtual address." },
] as const satisfies readonly Kind[];

const [STOP, REFUSAL, ADDRESS, FLUSH, PTES, LAZY_PAGES, TOUCH, FOUND, ALIASES, WARNING, DIRTY_LINES] =
  KINDS.map((_each, nth) => 1 << nth) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];

/** After these the same commands no longer mean the same: the kernels gave out different addresses. */
export const PARTS_WAYS: number = STOP | REFUSAL | ADDRESS;
/** What both must do alike for callers of areas not to notice. */
export const ALIKE: number = PARTS_WAYS | FLUSH;

/**
 * Bits of the kinds in which the replies differ; 0 if they are alike. Not compared: what only one of them reports,
 * descriptors, a use after free, and the text of a stop.
 */
export function differences(one: Response, other: Response): number {
  if (endsHistory(one) || endsHistory(other)) return one.kind === other.kind ? 0 : STOP;
  let bits = 0;
  if (one.kind !== other.kind) bits |= REFUSAL;
  else bits |= ofResults(one, other);
  if (!sameExtents(one.flushes, other.flushes)) bits |= FLUSH;
  if (one.pteSet !== other.pteSet || one.pteCleared !== other.pteCleared) bits |= PTES;
  if (bothTell(one.lazyPages, other.lazyPages) && one.lazyPages !== other.lazyPages) bits |= LAZY_PAGES;
  if ((one.warning === undefined) !== (other.warning === undefined)) bits |= WARNING;
  if (!sameLines(one.dirtyLines, other.dirtyLines)) bits |= DIRTY_LINES;
  return bits;
}

/** Two replies of one kind, what they did beside it left out. */
function ofResults(one: Response, other: Response): number {
  if (one.kind === "placed" && other.kind === "placed") {
    return (one.start === other.start ? 0 : ADDRESS) | (one.mapStopped === other.mapStopped ? 0 : PTES);
  }
  if (one.kind === "reached" && other.kind === "reached")
    return one.hit === other.hit && one.frame === other.frame ? 0 : TOUCH;
  if (one.kind === "found" && other.kind === "found") return one.start === other.start ? 0 : FOUND;
  if (one.kind === "pinned" && other.kind === "pinned") {
    const same = one.frame === other.frame && one.traps === other.traps && one.ptes === other.ptes;
    return same ? 0 : ALIASES;
  }
  if (one.kind === "done" && other.kind === "done")
    return sameAliases(one.aliases, other.aliases) ? 0 : ALIASES;
  return 0;
}

function bothTell<T>(one: T | undefined, other: T | undefined): boolean {
  return one !== undefined && other !== undefined;
}

function sameExtents(one: readonly Extent[], other: readonly Extent[]): boolean {
  if (one.length !== other.length) return false;
  return one.every(({ start, end }, nth) => start === other[nth]?.start && end === other[nth]?.end);
}

function sameLines(one: readonly Vpn[] | undefined, other: readonly Vpn[] | undefined): boolean {
  if (one === undefined || other === undefined) return true;
  return one.length === other.length && one.every((page, nth) => page === other[nth]);
}

function sameAliases(one: AliasReport | undefined, other: AliasReport | undefined): boolean {
  if (one === undefined || other === undefined) return true;
  if (one.deadPtes !== other.deadPtes) return false;
  return sameEntries(one.staleTlb, other.staleTlb) && sameEntries(one.deadTlb, other.deadTlb);
}

function sameEntries(one: readonly Translation[], other: readonly Translation[]): boolean {
  if (one.length !== other.length) return false;
  return one.every(({ cpu, page, frame }, nth) => {
    const entry = other[nth];
    return entry?.cpu === cpu && entry.page === page && entry.frame === frame;
  });
}
