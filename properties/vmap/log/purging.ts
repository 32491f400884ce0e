/** Purges: they take all that is lazy, flush it once, and return it. */
import type { EventOf, Stamp } from "../../../spec/vmap/log.ts";
import { type Extent, overlaps } from "../../../spec/vmap/vocabulary.ts";
import { stampsOf } from "./allocations.ts";
import { type Area, type Purge, pagesOf, type Reuse } from "./area.ts";
import { beginOf, covers, mayTake, purgeAfter } from "./purge.ts";
import type { KernelFacts, Space } from "./space.ts";
import { hex, isOver } from "./window.ts";

/** What a purge must have taken, and what it may have taken besides. */
interface Takings {
  readonly surely: readonly Area[];
  readonly perhaps: readonly Area[];
}

export class Purging {
  readonly #space: Space;
  readonly #facts: () => KernelFacts;
  /** Purges in the log, and what came of the count of areas that each reports. */
  readonly counts = { purges: 0, empty: 0, match: 0, fewer: 0, more: 0 };

  /** Purges whose number depends on whether areas that touch count as one; and those that count them so. */
  readonly merged = { differ: 0, fewer: 0 };

  constructor(space: Space, facts: () => KernelFacts) {
    this.#space = space;
    this.#facts = facts;
  }

  enter(event: EventOf<"purge entry">): void {
    const { seen } = this.#space;
    const { open } = this.#space;
    // No event shows its end, which was before this.
    const isKnownEmpty = open?.isFlushSeen && open.flush === undefined;
    if (open?.entry !== undefined) this.#close(open, event, isKnownEmpty ? 0 : undefined, open.flush);
    // One that would have reported itself did not run, if its report is in the log at all.
    else if (open !== undefined && open.reused.length > 0) this.#judgeUnexplained(open, event);
    seen.purgeEntry = true;
    this.#space.passLost(event);
    this.#space.open = purgeAfter(this.#space.lastClose, event, seen.flush);
  }

  flush(event: EventOf<"flush">): void {
    const { open } = this.#space;
    if (open?.entry === undefined || open.entry.task !== event.task) return;
    this.#space.seen.flush = true;
    if (open.flush === undefined) {
      open.flush = event;
      open.range = event;
    }
    // The shadow of KASAN, which is flushed apart, lies in no window.
    if (this.#space.windows.size > 0 && !this.#isOfWindows(event)) return;
    open.flushes += 1;
    if (open.flushes === 1) return;
    this.#space.suspect({
      law: "one-flush-per-purge",
      at: event,
      says: "a purge flushes again",
      areas: [],
      events: [open.entry],
    });
  }

  #isOfWindows(extent: Extent): boolean {
    for (const { vstart, vend } of this.#space.windows.values())
      if (overlaps(extent, { start: vstart, end: vend })) return true;
    return false;
  }

  decay(event: EventOf<"decay">): void {
    const { open } = this.#space;
    if (open?.entry?.task === event.task) open.decays += 1;
  }

  /** The tracepoint at the end of a purge. */
  purge(event: EventOf<"purged">): void {
    const { open } = this.#space;
    this.#space.seen.purged = true;
    const isOther = open?.entry !== undefined && open.entry.task !== event.task;
    const purge = open === undefined || isOther ? purgeAfter(this.#space.lastClose, undefined, false) : open;
    this.#close(purge, event, event.areas, event);
  }

  /** The return of a purge, which is its only report where the kernel has no tracepoint. */
  return(event: EventOf<"purge return">): void {
    const { open, seen } = this.#space;
    if (open?.entry === undefined || open.entry.task !== event.task) return;
    if (seen.purged)
      this.#space.suspect({
        law: "events-agree",
        at: event,
        says: "a purge returns that purge_vmap_area_lazy has not reported",
        areas: [],
        events: [open.entry],
      });
    this.#close(open, event, event.purged ? undefined : 0, open.flush);
  }

  #close(purge: Purge, event: Stamp, areas: number | undefined, range: Extent | undefined): void {
    purge.close = event;
    this.counts.purges += 1;
    if (purge.decays > 0) this.#space.nodes = Math.max(this.#space.nodes ?? 0, purge.decays);
    if (areas === 0) this.counts.empty += 1;
    else this.#judgeFlush(purge, event, range, areas !== undefined);
    purge.range = areas === 0 ? { start: 0, end: 0 } : range;
    const takings = this.#takings(purge);
    if (areas === 0) purge.unseen = 0;
    if (areas === 0) this.#judgeEmpty(purge, event, takings);
    else this.#take(purge, event, takings, areas);
    for (const { old, placed } of purge.reused) {
      if (old.perhapsTakenBy !== undefined || purge.range === undefined || covers(purge.range, old)) continue;
      this.#judgeReuse(
        { old, placed },
        event,
        areas === 0 ? "no purge took it" : "the purge did not flush it",
      );
    }
    this.#space.passLost(event);
    this.#space.closePurge(purge);
  }

  #judgeFlush(purge: Purge, event: Stamp, range: Extent | undefined, isReported: boolean): void {
    const { entry, flush, isFlushSeen } = purge;
    const isSeen = isFlushSeen && entry !== undefined;
    if (range === undefined && !isSeen) {
      this.#space.account.blind("flush-well-formed", "no event shows flushes");
      return;
    }
    this.#space.judged("flush-well-formed");
    const fails = (says: string) =>
      this.#space.suspect({
        law: "flush-well-formed",
        at: event,
        says,
        areas: [],
        events: [entry, flush].filter((each) => each !== undefined),
      });
    if (range !== undefined && range.start >= range.end)
      fails(`a purge returned areas and flushed ${hex(range)}, which is empty`);
    if (!isSeen) {
      this.#space.account.blind("one-flush-per-purge", "no kprobe shows when that purge began and flushed");
      return;
    }
    this.#space.judged("one-flush-per-purge");
    if (flush === undefined) fails("a purge returned areas and flushed nothing");
    else if (range !== undefined && isReported && (flush.start !== range.start || flush.end !== range.end))
      this.#space.suspect({
        law: "events-agree",
        at: event,
        says: `a purge flushed ${hex(flush)} and reports ${hex(range)}`,
        areas: [],
        events: [flush],
      });
  }

  #takings(purge: Purge): Takings {
    const begin = beginOf(purge);
    const surely: Area[] = [];
    const perhaps: Area[] = [];
    for (const area of [...this.#space.areas, ...this.#space.suspended]) {
      if (area.freed === undefined) continue;
      // Of one that is doubtful it is enough that it is gone now, by this purge or before.
      const isOld = this.#space.isDoubtful(area) && begin !== undefined && begin.line > this.#space.doubt;
      if (isOld || this.#isLongGone(area) || isOver(area.freed, begin)) surely.push(area);
      else if (mayTake(purge, area, area.freed)) perhaps.push(area);
    }
    return { surely, perhaps };
  }

  /** A free whose end no event shows, as its task prints nothing more: many purges later it is taken all the same. */
  #isLongGone({ perhapsTakenBy }: Area): boolean {
    const { close } = perhapsTakenBy ?? {};
    const oldest = this.#space.closed[0]?.close;
    return close !== undefined && oldest !== undefined && oldest.line > close.line;
  }

  #judgeEmpty(purge: Purge, event: Stamp, { surely }: Takings): void {
    const certain = surely.filter(
      (area) => area.perhapsTakenBy === undefined && !this.#space.isDoubtful(area),
    );
    if (this.#space.hasUnseenLazy && surely.length > certain.length)
      this.#space.account.blind("purge-takes-all", this.#space.whyUnseenLazy);
    this.#space.judged("purge-takes-all");
    this.#remove(surely);
    const [first] = certain;
    if (first === undefined) return;
    this.#space.forgetLazy();
    purge.taken += certain.reduce((sum, area) => sum + pagesOf(area), 0);
    this.#space.suspect({
      law: "purge-takes-all",
      at: event,
      says: `a purge found nothing to return, and ${certain.length === 1 ? hex(first) : `${certain.length} areas`} had been freed before it began`,
      areas: [first],
      events: stampsOf(first),
    });
  }

  #take(purge: Purge, event: Stamp, takings: Takings, areas: number | undefined): void {
    const { surely } = takings;
    let { perhaps } = takings;
    for (const area of surely) this.#judgeCover(purge, area, event);
    const range = purge.range;
    const taken = new Set(surely);
    if (areas === undefined)
      this.#space.account.blind("purge-takes-all", "no event shows how many areas a purge returned");
    else {
      const { countsAreas } = this.#facts();
      const certain = surely.filter((area) => area.perhapsTakenBy === undefined);
      const reused = purge.reused.map(({ old }) => old);
      const old = reused.filter(({ perhapsTakenBy }) => perhapsTakenBy === undefined);
      const runs = this.#runsAtLeast([...certain, ...old], takings, reused);
      const least = countsAreas === true ? certain.length + old.length : runs;
      if (runs < least && !this.#space.hasUnseenLazy) {
        this.merged.differ += 1;
        if (areas >= runs && areas < least) this.merged.fewer += 1;
      }
      const doubtful = certain.filter((area) => this.#space.isDoubtful(area)).length;
      if (countsAreas === true) purge.unseen = Math.max(0, areas - least + doubtful);
      const most = surely.length + perhaps.length + reused.length;
      this.#judgeNumber(purge, event, areas, least, most);
      const isExact =
        !this.#space.hasUnseenLazy && this.#space.seen.freeEntry && this.#facts().countsAreas === true;
      if (isExact && areas === most) {
        for (const area of perhaps) taken.add(area);
        purge.unseen = 0;
      } else if (isExact && areas === least) {
        // They became lazy after it had taken the lists.
        for (const area of perhaps) area.missedBy = purge;
        perhaps = [];
      }
      if (isExact) purge.perhapsMost = Math.max(0, areas - least);
    }
    for (const area of perhaps) if (!taken.has(area)) this.#space.areas.markTaken(area, purge);
    for (const area of taken) if (range === undefined || covers(range, area)) purge.taken += pagesOf(area);
    for (const { old } of purge.reused) purge.taken += pagesOf(old);
    for (const area of perhaps) if (!taken.has(area)) purge.taken += pagesOf(area);
    this.#remove(taken);
  }

  /** They are gone, those too that others were placed over. */
  #remove(gone: Iterable<Area>): void {
    const { areas, suspended } = this.#space;
    const here = new Set<Area>();
    for (const area of gone) if (!suspended.delete(area) && areas.has(area)) here.add(area);
    areas.removeAll(here);
  }

  #judgeCover(purge: Purge, area: Area, event: Stamp): void {
    if (this.#space.isDoubtful(area) || area.perhapsTakenBy !== undefined) return;
    this.#space.judged("flush-well-formed");
    if (purge.range === undefined || covers(purge.range, area)) return;
    this.#space.suspect({
      law: "flush-well-formed",
      at: event,
      says: `a purge flushed ${hex(purge.range)}, and not ${hex(area)}, which was freed before it began`,
      areas: [area],
      events: stampsOf(area),
    });
  }

  /**
   * How many a kernel counts that merges lazy areas. Where no kprobe shows that a free has begun, each area in use may
   * lie between two of them and be lazy already; of one that was not seen nothing is known.
   */
  #runsAtLeast(certain: readonly Area[], { surely, perhaps }: Takings, reused: readonly Area[]): number {
    const { seen, areas, suspended, doubt, windows } = this.#space;
    if (seen.freeEntry) return runsOf(certain, [...surely, ...perhaps, ...reused]);
    const isWhole = doubt === 0 && [...windows.values()].every((window) => window.isWhole);
    return isWhole ? runsOf(certain, [...areas, ...suspended, ...reused]) : Math.min(1, certain.length);
  }

  #judgeNumber(purge: Purge, event: Stamp, areas: number, least: number, most: number): void {
    if (areas < least) this.counts.fewer += 1;
    else if (areas > most) this.counts.more += 1;
    else this.counts.match += 1;
    if (this.#space.hasUnseenLazy) {
      this.#space.account.blind("purge-takes-all", this.#space.whyUnseenLazy);
      return;
    }
    if (areas > most && !this.#space.seen.freeEntry) {
      this.#space.account.undecided("purge-takes-all", "no kprobe shows which frees have begun");
      return;
    }
    this.#space.judged("purge-takes-all");
    if (areas >= least && areas <= most) return;
    this.#space.forgetLazy();
    this.#space.suspect({
      law: "purge-takes-all",
      at: event,
      says: `a purge returned ${areas} areas, and ${least === most ? least : `${least} to ${most}`} had been freed`,
      areas: [],
      events: purge.entry === undefined ? [] : [purge.entry],
    });
  }

  /** Areas were placed over lazy ones, and the purge that would explain it never ran. */
  #judgeUnexplained(purge: Purge, event: Stamp): void {
    for (const { old, placed } of purge.reused.splice(0)) {
      if (old.perhapsTakenBy !== undefined) continue;
      if (!this.#space.seen.purged)
        this.#space.account.undecided(
          "flush-before-reuse",
          "a purge may have run before its events were recorded",
        );
      else this.#judgeReuse({ old, placed }, event, "no purge took it");
    }
  }

  #judgeReuse({ old, placed }: Reuse, by: Stamp, why: string): void {
    if (this.#space.isDoubtful(old) || placed.placed.by === undefined) {
      this.#space.account.blind("flush-before-reuse", this.#space.whyDoubtful);
      return;
    }
    this.#space.suspect({
      law: "flush-before-reuse",
      at: placed.placed.by,
      by,
      says: `${hex(placed)} is placed over ${hex(old)}, which was freed, and ${why}`,
      areas: [old, placed],
      events: stampsOf(old),
    });
  }

  /** The log ends: a purge may have run that has not reported itself yet. */
  end(): void {
    for (const { old } of this.#space.open?.reused ?? [])
      if (!this.#space.isDoubtful(old) && old.perhapsTakenBy === undefined)
        this.#space.account.undecided("flush-before-reuse", "the log ends before the purge is reported");
  }
}

/** Up to 6.8 lazy areas that touch are merged, and counted as one: how many are left at least of those that are certain. */
function runsOf(certain: readonly Area[], all: readonly Area[]): number {
  const isCertain = new Set(certain);
  let [runs, end, isCounted] = [0, -1, false];
  for (const area of all.toSorted((a, b) => a.start - b.start)) {
    if (area.start > end) isCounted = false;
    end = Math.max(end, area.end);
    if (isCounted || !isCertain.has(area)) continue;
    runs += 1;
    isCounted = true;
  }
  return runs;
}
