/** How the world follows the events of a reply, one after another. */
import type { Command } from "../../spec/gather/commands.ts";
import type { Event, Flush } from "../../spec/gather/response.ts";
import {
  type Addr,
  CLEARED,
  PAGE,
  type Pfn,
  TABLE_PAGES,
  type TableId,
} from "../../spec/gather/vocabulary.ts";
import type { OpenGather, Removal } from "../../spec/gather/world.ts";
import type { Draft } from "./world.ts";

/** Notes an entry or a table that was removed; covered at once where nothing can translate it. */
export function remove(draft: Draft, removal: Removal): number {
  draft.next.lastRemoval += 1;
  const gather = draft.gather(removal.g);
  draft.change(removal.g, {
    removed: true,
    levels: (gather?.levels ?? 0) | removal.level,
    ...(removal.table === undefined ? {} : { tables: true }),
  });
  if (gather?.flushedFirst && removal.table !== undefined) draft.ownSet("flushedFirst").add(removal.table);
  if (!isCoveredAtOnce(draft, gather, removal)) draft.own("uncovered").set(draft.next.lastRemoval, removal);
  return draft.next.lastRemoval;
}

/**
 * s390 clears and flushes a PTE in one instruction; hash-table walkers of ppc64 keep no tables; a gather that flushed
 * first removes what no CPU uses; and so does one of a dead mm.
 */
function isCoveredAtOnce(draft: Draft, gather: OpenGather | undefined, { table }: Removal): boolean {
  const { arch } = draft.before.scope;
  if (arch === "s390" && table === undefined) return true;
  if (arch === "ppc64" && table !== undefined) return true;
  return gather?.flushedFirst === true || (gather?.fullmm === true && draft.before.users === 0);
}

/** The page at an address waits in its gather. */
export function waitFor(draft: Draft, pfn: Pfn, g: number, removal: number): void {
  draft.own("waiting").set(pfn, { removal, g });
}

/** The frames of pages that a command removes, in order, while its events are followed. */
export interface Zapped {
  readonly addr: Addr;
  readonly pfn: Pfn;
  readonly n: number;
  /** How many were removed so far. */
  done: number;
}

/** Removes the PTEs of a zap up to the page of this number. */
export function zapTo(draft: Draft, g: number, zapped: Zapped, count: number): void {
  for (; zapped.done < count; zapped.done++) {
    const addr = zapped.addr + zapped.done * PAGE;
    const removal = remove(draft, { addr, end: addr + PAGE, level: CLEARED.pte, g });
    waitFor(draft, zapped.pfn + zapped.done, g, removal);
    if (draft.next.ptes.has(addr)) draft.own("ptes").delete(addr);
  }
}

/** The number of pages of a zap that are freed before the next flush: they were removed before this one. */
function zappedBefore(events: readonly Event[], from: number, { pfn, n }: Zapped): number {
  let last = 0;
  for (let at = from; at < events.length; at++) {
    const event = events[at] as Event;
    if (event.kind === "flush") break;
    if (event.kind !== "pages") continue;
    for (const [first, count] of event.runs) {
      const end = Math.min(first + count, pfn + n);
      if (end > pfn && first < pfn + n) last = Math.max(last, end - pfn);
    }
  }
  return last;
}

/** Follows all events of a reply. */
export function follow(
  draft: Draft,
  command: Command,
  events: readonly Event[],
  zapped: Zapped | undefined,
): void {
  const g = "g" in command ? command.g : -1;
  let afterIpi = false;
  for (const [at, event] of events.entries()) {
    switch (event.kind) {
      case "flush":
        if (zapped !== undefined) zapTo(draft, g, zapped, zappedBefore(events, at + 1, zapped));
        flush(draft, command, event);
        break;
      case "hashPage":
        hashFlush(draft, g, zapped, event.addr, 1, event.psize);
        break;
      case "hashRange":
        for (const [first, count] of event.runs) hashFlush(draft, g, zapped, first, count, event.psize);
        break;
      case "pages":
        for (const [first, count] of event.runs) {
          for (let pfn = first; pfn < first + count; pfn++) freePage(draft, g, zapped, pfn, false);
        }
        break;
      case "page":
        freePage(draft, g, zapped, event.pfn, true);
        break;
      case "tableFree":
        if (draft.next.waiting.has(TABLE_PAGES + event.id))
          freePage(draft, g, zapped, TABLE_PAGES + event.id, true);
        else
          freeTable(
            draft,
            event.id,
            command.op === "rcuRun" ? "by a callback" : afterIpi ? "after an IPI" : "at once",
          );
        break;
      case "ipi":
        // A walker has interrupts off: it ends before its CPU answers.
        afterIpi = true;
        draft.next.walkers = new Map();
        break;
      case "alloc":
        draft.ownSet("batchPages").add(event.id);
        if (event.what === "pages")
          draft.change(g, { batches: [...(draft.gather(g)?.batches ?? []), event.id] });
        break;
      case "allocFail":
        draft.next.failing = false;
        break;
      case "free":
        if (!draft.ownSet("batchPages").delete(event.id)) draft.found.twice.push(event.id);
        break;
      case "callRcu":
        for (const [id, table] of draft.next.tables) {
          if (table.g === g && !table.queued) draft.own("tables").set(id, { ...table, queued: true });
        }
        break;
      case "callRcuTable": {
        const table = draft.next.tables.get(event.id);
        if (table !== undefined) draft.own("tables").set(event.id, { ...table, queued: true });
        break;
      }
      default:
    }
  }
  if (zapped !== undefined) zapTo(draft, g, zapped, zapped.n);
}

/** Whether a flush covers a removal; one with a range covers that. */
function covers({ what, fullmm, all, start, end }: Flush, removal: Removal): boolean {
  if (what === "mm" || fullmm === 1 || all === 1 || start === undefined || end === undefined) return true;
  return start <= removal.addr && removal.end <= end;
}

function flush(draft: Draft, command: Command, event: Flush): void {
  const { promises } = draft.before;
  const { g } = event;
  const gather = draft.gather(g);
  const ranged = event.what === "range";
  // Only s390 flushes first, and it flushes the whole mm.
  if (draft.next.flushedFirst.size > 0) draft.next.flushedFirst = new Set();
  for (const [number, removal] of draft.next.uncovered) {
    // A lazy CPU obeys a flush of tables only.
    const ofTables = removal.table === undefined || event.freedTables !== 0;
    if (covers(event, removal) && ofTables) draft.own("uncovered").delete(number);
    else if (removal.g === g && !draft.next.unannounced.has(number)) {
      draft.found.missed.push(removal);
      draft.own("uncovered").set(number, { missedIn: command.op, ...removal });
    }
  }
  if (gather !== undefined && promises.levels) {
    const { levels, tables } = gather;
    const lacks = ranged && (levels & ~(event.cleared ?? 0)) !== 0;
    const strides = ranged && event.stride !== undefined && levels !== 0 && event.stride > shiftOf(levels);
    if (lacks || strides || (tables && event.freedTables === 0)) draft.found.wrongLevels = true;
  }
  const nested = command.op === "finish" && isNested(draft);
  if (gather !== undefined && !gather.removed && !nested) draft.found.idle += 1;
  draft.change(g, { removed: false, levels: 0, tables: false });
}

/** The shift of the smallest level. */
function shiftOf(levels: number): number {
  if (levels & CLEARED.pte) return 12;
  if (levels & CLEARED.pmd) return 21;
  return levels & CLEARED.pud ? 30 : 39;
}

export function isNested({ next: { gathers, pending } }: Draft): boolean {
  return gathers.size + pending > 1;
}

const LARGE = 2 ** 16;

/** Entries of the hash table are gone. */
function hashFlush(
  draft: Draft,
  g: number,
  zapped: Zapped | undefined,
  first: Addr,
  count: number,
  psize: number,
): void {
  const last = first + (count - 1) * PAGE;
  if (zapped !== undefined && zapped.addr <= last && last < zapped.addr + zapped.n * PAGE)
    zapTo(draft, g, zapped, (last - zapped.addr) / PAGE + 1);
  for (const [number, { addr, table }] of draft.next.uncovered) {
    if (table !== undefined) continue;
    const base = psize === 1 ? first - (first % LARGE) : first;
    const end = psize === 1 ? last - (last % LARGE) + LARGE : last + PAGE;
    if (base <= addr && addr < end) draft.own("uncovered").delete(number);
  }
}

function freePage(draft: Draft, g: number, zapped: Zapped | undefined, pfn: Pfn, atOnce: boolean): void {
  if (zapped !== undefined && zapped.pfn <= pfn && pfn < zapped.pfn + zapped.n)
    zapTo(draft, g, zapped, pfn - zapped.pfn + 1);
  const waiting = draft.next.waiting.get(pfn);
  if (waiting === undefined) {
    draft.found.twice.push(pfn);
    return;
  }
  draft.own("waiting").delete(pfn);
  if (draft.before.scope.frames.length > 0 && pfn < TABLE_PAGES) draft.own("freed").set(pfn, "free");
  const removal = draft.next.uncovered.get(waiting.removal);
  if (removal === undefined) return;
  const unannounced = draft.next.unannounced.has(waiting.removal);
  draft.found.early.push({ ...removal, pfn, atOnce, unannounced });
  // Reported once, where the harm is done.
  if (unannounced) draft.own("uncovered").delete(waiting.removal);
}

function freeTable(draft: Draft, id: TableId, freed: Removal["freed"]): void {
  const table = draft.next.tables.get(id);
  if (table === undefined) {
    draft.found.twice.push(id);
    return;
  }
  draft.own("tables").delete(id);
  const walkers = draft.next.walkers;
  if ([...walkers.values()].includes(id)) draft.found.walked.push(id);
  const removal = draft.next.uncovered.get(table.removal);
  if (removal === undefined) return;
  const early = { ...removal, freed };
  draft.found.earlyTables.push(early);
  draft.own("uncovered").set(table.removal, early);
}
