/** Areas are freed: they become lazy, and are counted. */
import type { EventOf, Stamp } from "../../../spec/vmap/log.ts";
import type { Extent, Pages, Vpn } from "../../../spec/vmap/vocabulary.ts";
import { stampsOf } from "./allocations.ts";
import { type Area, areaAt, pagesOf } from "./area.ts";
import { CountOrder } from "./count-order.ts";
import { mayFlushBefore, mayHaveFlushed, mayTake } from "./purge.ts";
import { type KernelFacts, MOST_CLOSED, type Space } from "./space.ts";
import type { Task } from "./tasks.ts";
import { hex, hexOfPage, mayPrecede, mustPrecede, type Window } from "./window.ts";

/** Frees that are kept after their end, for those that ran beside them. */
const MOST_ENDED = 256;

export class Frees {
  readonly #space: Space;
  /** Areas whose free has begun; and those whose free has ended, the latest last. */
  readonly #running = new Set<Area>();
  readonly #ended: Area[] = [];
  readonly #order: CountOrder;
  readonly #facts: () => KernelFacts;

  constructor(space: Space, facts: () => KernelFacts) {
    this.#space = space;
    this.#order = new CountOrder(space);
    this.#facts = facts;
  }

  /** free_vmap_area_noflush is entered: the area becomes lazy at some time from now on. */
  enter(event: EventOf<"free entry">, task: Task): void {
    this.#space.seen.freeEntry = true;
    const area = this.#free(event, { from: event, by: undefined }, event);
    if (area === undefined) return;
    area.freeing = event;
    const lost = this.#space.lostPurge({ from: event, by: undefined });
    if (lost !== undefined) this.#space.areas.markTaken(area, lost);
    task.freeing = area;
    this.#running.add(area);
  }

  /** It is in the list of lazy areas, and counted. */
  free(event: EventOf<"freed">, task: Task): void {
    this.#space.seen.freed = true;
    const { freeing } = task;
    task.freeing = undefined;
    if (freeing?.freed === undefined) {
      const area = this.#free({ start: event.start, end: undefined }, { from: task.last, by: event }, event);
      if (area === undefined) return;
      this.#markLate(area);
      this.#judgeCount(area, event);
      this.#end(area);
      return;
    }
    freeing.freed.by = event;
    this.#space.judged("events-agree");
    this.#end(freeing);
    if (freeing.start === event.start) {
      if (this.#judgeCount(freeing, event)) this.#order.judge(freeing, event);
    } else
      this.#space.suspect({
        law: "events-agree",
        at: event,
        says: `free_vmap_area_noflush was called for ${hex(freeing)} and reports ${hexOfPage(event.start)}`,
        areas: [freeing],
        events: stampsOf(freeing),
      });
  }

  /** No kprobe shows when the free began: a purge that has ended since may have taken the area. */
  #markLate(area: Area): void {
    const { freed } = area;
    if (freed === undefined) return;
    const { closed, areas } = this.#space;
    const [oldest] = closed;
    const by =
      this.#space.lostPurge(freed) ??
      closed.find((purge) => purge.unseen > 0 && mayTake(purge, area, freed)) ??
      (closed.length === MOST_CLOSED && mayPrecede(freed.from, oldest?.close) ? oldest : undefined);
    if (by !== undefined) areas.markTaken(area, by);
  }

  /** Another event of a task that was freeing: that call is over. */
  pass(event: Stamp, task: Task): void {
    const { freeing } = task;
    task.freeing = undefined;
    if (freeing?.freed === undefined) return;
    freeing.freed.by = event;
    this.#end(freeing);
    if (!this.#space.seen.freed) return;
    this.#space.suspect({
      law: "events-agree",
      at: event,
      says: `the free of ${hex(freeing)} was never reported, and its task has made other calls since`,
      areas: [freeing],
      events: stampsOf(freeing),
    });
  }

  /** Events were lost: which frees run is not known. */
  lose(): void {
    this.#running.clear();
    this.#ended.length = 0;
  }

  #end(area: Area): void {
    this.#running.delete(area);
    this.#ended.push(area);
    if (this.#ended.length > MOST_ENDED) this.#ended.shift();
  }

  /** The area that is freed; undefined if that has been accounted for. */
  #free(
    { start, end }: { readonly start: Vpn; readonly end: Vpn | undefined },
    freed: Window,
    event: Stamp,
  ): Area | undefined {
    const late = this.#suspendedAt(start, event, freed);
    if (late !== undefined) {
      if (!this.#space.suspended.has(late)) this.#space.forgetLazy();
      this.#space.areas.free(late, freed);
      return late;
    }
    const here = this.#space.areas.around(start);
    const extent = { start, end: end ?? start + 1 };
    if (here === undefined) return this.#freeUnseen(extent, end !== undefined, freed, event);
    // It began before events were lost: this may be the print of a free of what lay here then.
    const mayBeOld = this.#space.doubt > 0 && (freed.from?.line ?? 0) <= this.#space.doubt;
    if (mayBeOld && !this.#space.isDoubtful(here)) {
      this.#space.account.blind("argument-domain", this.#space.whyDoubtful);
      here.line = 0;
    }
    // Another may have been placed here meanwhile; one that begins here too may be shorter.
    if (
      this.#space.isDoubtful(here) &&
      (here.freed !== undefined || here.start !== start || here.end !== end)
    ) {
      this.#space.account.blind("argument-domain", this.#space.whyDoubtful);
      return this.#adopt(extent, end !== undefined, freed, event);
    }
    const unseen = this.#whyOfUnseen(here, extent, freed);
    if (here.freed === undefined && here.start !== start && unseen !== undefined) {
      this.#space.account.undecided("argument-domain", unseen);
      return undefined;
    }
    this.#space.judged("argument-domain");
    if (here.freed !== undefined) return this.#freeAgain(here, extent, end !== undefined, freed, event);
    if (here.start !== start) {
      this.#space.suspect({
        law: "argument-domain",
        at: event,
        says: `${hexOfPage(start)} is freed, which is inside ${hex(here)}`,
        areas: [here],
        events: stampsOf(here),
      });
      return undefined;
    }
    if (end !== undefined && end !== here.end) {
      this.#space.suspect({
        law: "events-agree",
        at: event,
        says: `${hex(extent)} is freed, and ${hex(here)} was placed there`,
        areas: [here],
        events: stampsOf(here),
      });
      return this.#adopt(extent, true, freed, event);
    }
    this.#space.areas.free(here, freed);
    if (!mayBeOld) here.line = event.line;
    return here;
  }

  /** An area that others were placed over, of which this may be the free. */
  #suspendedAt(start: Vpn, event: Stamp, freed: Window): Area | undefined {
    for (const area of this.#space.suspended) {
      if (area.start !== start || area.freed !== undefined) continue;
      const over = this.#space.areas.around(start)?.placed.by;
      if (over === undefined || this.#isBefore(area, freed, over)) return area;
    }
    if (this.#space.ghosts.get(start) !== undefined && this.#space.areas.around(start)?.start !== start) {
      const ghost = this.#space.ghosts.get(start) as Area;
      this.#space.ghosts.delete(start);
      ghost.line = event.line;
      return ghost;
    }
    return undefined;
  }

  /** Whether it can have been freed in this window, and purged, before another was placed there. */
  #isBefore(area: Area, freed: Window, over: Stamp): boolean {
    if (freed.from?.line === over.line || !mayPrecede(freed.from, over)) return false;
    const { open, closed } = this.#space;
    const purges = open === undefined ? closed : [...closed, open];
    if (this.#space.lostPurge(freed) !== undefined) return true;
    return purges.some((purge) => mayTake(purge, area, freed) && mayFlushBefore(purge, over));
  }

  /** Why it may be the late print of a free of another, unseen area that lay here before; undefined if it is not. */
  #whyOfUnseen({ placed }: Area, extent: Extent, { from }: Window): string | undefined {
    const isLate = placed.by === undefined || (from?.line !== placed.by.line && mayPrecede(from, placed.by));
    return isLate ? this.#space.whyUnseen(extent, this.#facts().bits) : undefined;
  }

  #freeAgain(here: Area, extent: Extent, isSized: boolean, freed: Window, event: Stamp): Area | undefined {
    const { allocated, allocReturn } = this.#space.seen;
    const isCertain =
      here.perhapsTakenBy === undefined &&
      here.start === extent.start &&
      (allocated || allocReturn) &&
      // Nor was the first of the two that of another.
      [freed, here.freed ?? freed].every((each) => this.#whyOfUnseen(here, extent, each) === undefined);
    const why = isCertain ? undefined : this.#space.whyUnseen(extent, this.#facts().bits);
    const undecided = here.perhapsTakenBy === undefined ? why : (why ?? "a purge may have taken it before");
    if (undecided !== undefined) {
      this.#space.account.undecided("argument-domain", undecided);
      return this.#adopt(extent, isSized, freed, event);
    }
    this.#space.suspect({
      law: "argument-domain",
      at: event,
      says: `${hexOfPage(extent.start)} is freed, and ${hex(here)} was freed already`,
      areas: [here],
      events: stampsOf(here),
    });
    return undefined;
  }

  #freeUnseen(extent: Extent, isSized: boolean, freed: Window, event: Stamp): Area {
    const why = this.#space.whyUnseen(extent, this.#facts().bits);
    if (why === undefined) {
      this.#space.judged("argument-domain");
      this.#space.suspect({
        law: "argument-domain",
        at: event,
        says: `${hexOfPage(extent.start)} is freed, and nothing was placed there`,
        areas: [areaAt(extent, { origin: "unseen", at: event })],
      });
    } else this.#space.account.blind("argument-domain", why);
    const area = this.#adopt(extent, isSized, freed, event);
    this.#space.settle(area, event);
    return area;
  }

  #adopt(extent: Extent, isSized: boolean, freed: Window, event: Stamp): Area {
    const { areas } = this.#space;
    for (const old of areas.overlapping(extent)) areas.remove(old);
    const area = areaAt(extent, { origin: "unseen", at: event, freed, isSized });
    areas.add(area);
    return area;
  }

  /** The counter was read when the area had been added to it, somewhere in this window. Whether it may have been this. */
  #judgeCount(area: Area, event: EventOf<"freed">): boolean {
    if (this.#space.hasUnseenLazy) {
      this.#space.account.blind("lazy-count", this.#space.whyUnseenLazy);
      return true;
    }
    const { least, most } = this.#countBounds(area);
    if (event.lazyPages > most && !this.#space.seen.freeEntry) {
      this.#space.account.undecided("lazy-count", "no kprobe shows which frees have begun");
      return true;
    }
    this.#space.judged("lazy-count");
    if (event.lazyPages >= least && event.lazyPages <= most) return true;
    // What is missing here is missing in each later count until a purge takes all.
    this.#space.forgetLazy();
    this.#space.suspect({
      law: "lazy-count",
      at: event,
      says: `nr_lazy is ${event.lazyPages}, and the areas that were freed have ${least === most ? least : `${least} to ${most}`} pages`,
      areas: [area],
      events: stampsOf(area),
      plea: () =>
        event.lazyPages > most && event.lazyPages <= most + this.#pagesAt(event) ? "excused" : "stands",
    });
    return false;
  }

  /** Pages of frees that begin at the time of an event on other CPUs, and stand behind it in the text. */
  #pagesAt({ line, time, cpu }: Stamp): Pages {
    let pages = 0;
    for (const area of new Set([...this.#running, ...this.#ended])) {
      const { freeing } = area;
      if (freeing !== undefined && freeing.line > line && freeing.time === time && freeing.cpu !== cpu)
        pages += pagesOf(area);
    }
    return pages;
  }

  #countBounds(area: Area): { readonly least: Pages; readonly most: Pages } {
    const { areas, suspended, closed, open } = this.#space;
    const from = area.freed?.from;
    const own = area.isSized ? pagesOf(area) : 0;
    const outside = areas.has(area) ? 0 : own;
    let most = areas.lazy.unsized > 0 ? Number.POSITIVE_INFINITY : areas.lazy.all + outside;
    for (const each of suspended) if (each.freed !== undefined && each !== area) most += pagesOf(each);
    // A purge subtracts what it takes while it runs.
    for (const purge of closed)
      if (purge.close !== undefined && !(from !== undefined && mustPrecede(purge.close, from)))
        most += purge.taken;
    for (const { old } of open?.reused ?? []) most += pagesOf(old);
    if (open !== undefined && mayHaveFlushed(open)) return { least: own, most };
    const concurrent = this.#pagesFreedSince(area, from);
    if (concurrent === undefined) return { least: own, most };
    return { least: areas.lazy.all + outside - areas.lazy.perhapsTaken - concurrent, most };
  }

  /** Pages of other areas that may have been counted later than an area freed since then; undefined if not known. */
  #pagesFreedSince(area: Area, from: Stamp | undefined): Pages | undefined {
    const { areas } = this.#space;
    let pages = 0;
    const add = (each: Area) => {
      if (each === area || each.perhapsTakenBy !== undefined || !each.isSized || !areas.has(each)) return;
      pages += pagesOf(each);
    };
    for (const each of this.#running) add(each);
    for (let nth = this.#ended.length - 1; nth >= 0; nth--) {
      const each = this.#ended[nth] as Area;
      const by = each.freed?.by;
      if (by !== undefined && from !== undefined && by.line < from.line && by.time < from.time) return pages;
      if (by === undefined || from === undefined || !mustPrecede(by, from)) add(each);
    }
    return this.#ended.length < MOST_ENDED ? pages : undefined;
  }
}
