/** Areas are placed: where a window allows, and over nothing that may still be in use or translated. */
import type { EventOf, Stamp } from "../../../spec/vmap/log.ts";
import { alignUp, type Extent, overlaps, type Vpn } from "../../../spec/vmap/vocabulary.ts";
import { stampOf } from "./account.ts";
import { type Area, areaAt, type Purge, pagesOf, type Request } from "./area.ts";
import { mayFlushBefore, mayTake } from "./purge.ts";
import type { Room } from "./room.ts";
import type { Space } from "./space.ts";
import { LOST_EVENTS, type Plea } from "./suspicions.ts";
import type { Task } from "./tasks.ts";
import { hex, hexOfPage, type Window } from "./window.ts";

/** Why a place cannot be held against the request. */
const NO_REQUEST = "no event shows what was asked for";
/** Lines that a free may take to be printed, where no kprobe shows its entry. */
const LATE_FREE = 20_000;
const NO_FREES = "no event shows frees";
/** Areas that were placed over wait for a late free; in a log that has had none, no more of them than these. */
const MOST_UNFREED = 64;

export class Allocations {
  readonly #space: Space;
  readonly #room: Room;
  readonly #used = new Used();

  constructor(space: Space, room: Room) {
    this.#space = space;
    this.#room = room;
  }

  enter(event: EventOf<"alloc entry">, task: Task): void {
    task.entry = event;
    task.failed = undefined;
    task.got = undefined;
  }

  /** The tracepoint of an attempt. */
  allocate(event: EventOf<"allocated">, task: Task): void {
    const { entry } = task;
    this.#space.seen.allocated = true;
    const placed: Window = { from: task.failed ?? entry ?? task.last, by: event };
    if (entry !== undefined) this.#compareRequests(entry, event);
    if (event.failed) {
      task.failed = event;
      this.#room.judgeRefusal(event, placed);
      return;
    }
    task.got = this.#placeRequested(event, event, placed, event);
  }

  /** The return of the call. It is the only report where the kernel has no tracepoint. */
  return(event: EventOf<"alloc return">, task: Task): void {
    const { entry, got } = task;
    task.entry = undefined;
    task.got = undefined;
    const { seen, areas } = this.#space;
    seen.allocReturn = true;
    if (event.failed) {
      // The area could not be prepared (kasan_populate_vmalloc): it is freed at once, and was never mapped.
      if (got !== undefined) areas.remove(got);
      else if (entry !== undefined && !seen.allocated)
        this.#room.judgeRefusal({ ...entry, ...stampOf(event) }, { from: entry, by: event });
      return;
    }
    if (got !== undefined) {
      this.#compareAreas(event, got, task);
      return;
    }
    if (seen.allocated && entry !== undefined)
      this.#disagree(event, `returns ${hex(event)}, and alloc_vmap_area has not reported it`);
    if (
      areas
        .overlapping(event)
        .some(
          (area) =>
            area.start === event.start &&
            area.end === event.end &&
            area.line > this.#space.doubt &&
            area.freed === undefined,
        )
    )
      return;
    if (entry === undefined) {
      for (const law of ["in-window", "aligned"]) this.#space.account.blind(law, NO_REQUEST);
      this.#place(areaAt(event, { origin: "log", at: event, placed: { from: task.last, by: event } }), event);
      return;
    }
    const size = pagesOf(event);
    if (size !== entry.size) this.#disagree(event, `asked for ${entry.size} pages and got ${size}`);
    this.#placeRequested({ start: event.start, size }, { ...entry, size }, { from: entry, by: event }, event);
  }

  percpu(event: EventOf<"percpu return">, task: Task): void {
    if (event.failed) return;
    const placed = { from: task.last, by: event };
    const end = event.start + event.size;
    this.#place(areaAt({ start: event.start, end }, { origin: "percpu", at: event, placed }), event);
  }

  #compareRequests(entry: EventOf<"alloc entry">, event: EventOf<"allocated">): void {
    this.#space.judged("events-agree");
    const same =
      entry.size === event.size &&
      entry.align === event.align &&
      entry.vstart === event.vstart &&
      entry.vend === event.vend;
    if (!same)
      this.#disagree(
        event,
        "alloc_vmap_area reports another request than that with which it was called",
        entry,
      );
  }

  #compareAreas(event: EventOf<"alloc return">, got: Area, task: Task): void {
    this.#space.judged("events-agree");
    if (got.start === event.start && got.end === event.end) return;
    this.#disagree(event, `alloc_vmap_area reported ${hex(got)} and returns ${hex(event)}`, got.placed.by, [
      got,
      event,
    ]);
    const { areas } = this.#space;
    areas.remove(got);
    for (const old of areas.overlapping(event)) areas.remove(old);
    const { placed, request } = got;
    areas.add(areaAt(event, { origin: "log", at: event, placed, ...(request && { request }) }));
    task.got = undefined;
  }

  #disagree(at: Stamp, says: string, before?: Stamp, unknown: readonly Extent[] = []): void {
    const events = before ? [before] : [];
    this.#space.suspect({ law: "events-agree", at, says, areas: [], events }, unknown);
  }

  #placeRequested(
    { start, size }: { readonly start: Vpn; readonly size: number },
    { align, vstart, vend }: Request,
    placed: Window,
    event: Stamp,
  ): Area {
    const request = { size, align, vstart, vend };
    const area = areaAt({ start, end: start + size }, { origin: "log", at: event, placed, request });
    const { account } = this.#space;
    account.judged("in-window");
    account.judged("aligned");
    if (start < vstart || start + size > vend)
      this.#space.suspect({
        law: "in-window",
        at: event,
        says: `${hex(area)} lies outside the window ${hex({ start: vstart, end: vend })}`,
        areas: [area],
      });
    if (alignUp(start, align) !== start)
      this.#space.suspect({
        law: "aligned",
        at: event,
        says: `${hexOfPage(start)} is no multiple of ${Math.max(align, 4096)} bytes`,
        areas: [area],
      });
    this.#room.open(request, start);
    this.#room.judgePlacement(area, request);
    this.#place(area, event);
    return area;
  }

  #place(area: Area, event: Stamp): void {
    const { areas } = this.#space;
    this.#space.judged("no-overlap");
    this.#room.place(area);
    const isReuse = this.#used.add(area);
    const under = areas.overlapping(area);
    if (isReuse && under.length === 0) this.#judgeLateReuse();
    for (const old of under) {
      if (old.freed === undefined) this.#overlapLive(old, area, event);
      else this.#reuse(old, area, event);
    }
    areas.add(area);
    this.#space.settle(area, event);
  }

  /** The place was used before, and what lay there was purged since. */
  #judgeLateReuse(): void {
    const law = "flush-before-reuse";
    const { doubt, hasUnseenLazy, account } = this.#space;
    if (doubt > 0 && hasUnseenLazy) account.blind(law, LOST_EVENTS);
    else account.judged(law);
  }

  #overlapLive(old: Area, area: Area, event: Stamp): void {
    const { areas, account, seen } = this.#space;
    const isFreeSeen = seen.freed || seen.freeEntry;
    if (this.#space.isDoubtful(old)) account.blind("no-overlap", this.#space.whyDoubtful);
    else if (!isFreeSeen && this.#space.suspended.size >= MOST_UNFREED) account.blind("no-overlap", NO_FREES);
    else {
      this.#space.suspend(old);
      this.#space.suspect({
        law: "no-overlap",
        at: event,
        says: `${hex(area)} is placed over ${hex(old)}, which was not freed`,
        areas: [old, area],
        events: stampsOf(old),
        // Where no kprobe shows the entry of a free, it may be printed long after its area was purged.
        ...(seen.freeEntry ? {} : { until: event.line + LATE_FREE }),
        // A free printed since was matched to it only if a purge can have taken it in between.
        plea: () => {
          if (old.freed !== undefined) return "excused";
          return isFreeSeen ? "stands" : { blind: NO_FREES };
        },
        ends: (stands) => this.#space.resume(old, stands),
      });
      return;
    }
    areas.remove(old);
  }

  #reuse(old: Area, area: Area, event: Stamp): void {
    const { areas, account } = this.#space;
    if (this.#space.isDoubtful(old)) {
      account.blind("flush-before-reuse", this.#space.whyDoubtful);
      areas.remove(old);
      return;
    }
    account.judged("flush-before-reuse");
    const { open } = this.#space;
    if (old.perhapsTakenBy !== undefined) {
      this.#judgeShare(old.perhapsTakenBy, old, area, event);
      areas.remove(old);
      // If not by that one, by this.
      if (open !== undefined && this.#mayRelease(open, old, event)) open.reused.push({ old, placed: area });
      return;
    }
    const purge = this.#releasing(old, event);
    if (purge !== undefined) {
      areas.remove(old);
      if (purge.close === undefined) purge.reused.push({ old, placed: area });
      return;
    }
    this.#space.suspend(old);
    this.#space.suspect({
      law: "flush-before-reuse",
      at: event,
      says: `${hex(area)} is placed over ${hex(old)}, which was freed and not flushed since`,
      areas: [old, area],
      events: stampsOf(old),
      plea: () => this.#pleaOfReuse(old, event),
      ends: () => this.#space.resume(old, false),
    });
  }

  /**
   * Each of several areas was perhaps taken by a purge, and it took fewer than were placed again: in no choice of those
   * that it took were all of them flushed.
   */
  #judgeShare(purge: Purge, old: Area, area: Area, event: Stamp): void {
    const { open, closed } = this.#space;
    const others = open === undefined ? closed : [...closed, open];
    if (others.some((each) => each !== purge && this.#mayRelease(each, old, event))) return;
    purge.perhapsReused += 1;
    if (purge.perhapsReused <= purge.perhapsMost) return;
    this.#space.suspect({
      law: "flush-before-reuse",
      at: event,
      says: `${hex(area)} is placed over ${hex(old)}: of the areas that the last purge perhaps took, ${purge.perhapsReused} were placed again, and it took ${purge.perhapsMost}`,
      areas: [old, area],
      events: [...stampsOf(old), ...(purge.close ? [purge.close] : [])],
    });
  }

  #pleaOfReuse(old: Area, event: Stamp): Plea {
    return this.#releasing(old, event) === undefined && this.#space.seen.purgeEntry ? "stands" : "excused";
  }

  /** A purge that may have released the area before this event. */
  #releasing(old: Area, event: Stamp): Purge | undefined {
    const { open, closed } = this.#space;
    const purges = open === undefined ? closed : [...closed, open];
    return purges.find((purge) => this.#mayRelease(purge, old, event));
  }

  #mayRelease(purge: Purge, old: Area, event: Stamp): boolean {
    return old.freed !== undefined && mayTake(purge, old, old.freed) && mayFlushBefore(purge, event);
  }
}

export function stampsOf({ placed, freed }: Area): readonly Stamp[] {
  return [placed.by, freed?.from, freed?.by].filter((each) => each !== undefined);
}

// Pages that some area of the log has had: an area that is placed there again reuses them.

/** Of more extents than these all are forgotten: what is reused then counts as new. */
const MOST_EXTENTS = 100_000;

class Used {
  /** Ascending; no two touch. */
  #extents: Extent[] = [];

  /** Adds the extent, and says whether some page of it was there before. */
  add(extent: Extent): boolean {
    const first = this.#placeOf(extent.start);
    const touching: Extent[] = [];
    for (let place = first; ; place++) {
      const each = this.#extents[place];
      if (each === undefined || each.start > extent.end) break;
      touching.push(each);
    }
    const start = Math.min(extent.start, touching[0]?.start ?? extent.start);
    const end = Math.max(extent.end, touching.at(-1)?.end ?? extent.end);
    if (touching.length === 1 && touching[0]?.start === start && touching[0].end === end) return true;
    if (this.#extents.length >= MOST_EXTENTS) this.#extents = [{ start, end }];
    else this.#extents.splice(first, touching.length, { start, end });
    return touching.some((each) => overlaps(each, extent));
  }

  /** The place of the first that ends at this page or above it. */
  #placeOf(page: number): number {
    let [low, high] = [0, this.#extents.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#extents[middle] as Extent).end < page) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
