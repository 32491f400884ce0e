/**
 * Frees between two purges that return areas, taken together. nr_lazy only grows there, by one free at a time: what each
 * reports is its place in the one order of all of them. Either this order agrees with their windows, or none does.
 */
import type { EventOf, Stamp } from "../../../spec/vmap/log.ts";
import type { Extent } from "../../../spec/vmap/vocabulary.ts";
import { type Area, Extents, type Purge, pagesOf } from "./area.ts";
import { mayHaveFlushed } from "./purge.ts";
import type { Space } from "./space.ts";
import { hex, mustPrecede } from "./window.ts";

/** The pages that a free counted: from nr_lazy before it to nr_lazy after it. */
interface Counted extends Extent {
  readonly area: Area;
  readonly by: EventOf<"freed">;
}

export class CountOrder {
  readonly #space: Space;
  #counted = new Extents<Counted>();
  /** The end of the purge after which they were counted. */
  #since: Stamp | undefined;

  constructor(space: Space) {
    this.#space = space;
  }

  /** A free that began and ended after a purge, and before the next. */
  judge(area: Area, event: EventOf<"freed">): void {
    const { open, closed, seen } = this.#space;
    const { freeing } = area;
    // Without its entry a purge may run at any time.
    if (!seen.purgeEntry || freeing === undefined || (open !== undefined && mayHaveFlushed(open))) return;
    // One that returned nothing subtracts nothing.
    const since = (closed.findLast(({ range }) => range?.end !== 0) ?? closed[0])?.close;
    if (since === undefined || !mustPrecede(since, freeing)) return;
    if (this.#since?.line !== since.line) this.#counted = new Extents();
    this.#since = since;
    const start = event.lazyPages - pagesOf(area);
    const one = { start, end: start + pagesOf(area), area, by: event };
    const other = this.#contradiction(one, freeing);
    if (other === undefined) this.#counted.add(one);
    else this.#suspect(one, other);
  }

  /** One that counted the same pages, or was over when this began, and counted later. */
  #contradiction(one: Extent, from: Stamp): Counted | undefined {
    for (let place = this.#counted.placeOf(one.start); ; place++) {
      const other = this.#counted.nth(place);
      if (other === undefined || other.start < one.end || mustPrecede(other.by, from)) return other;
    }
  }

  #suspect({ area, by }: Counted, other: Counted): void {
    const { hasUnseenLazy } = this.#space;
    if (hasUnseenLazy) this.#space.judged("lazy-count");
    this.#space.suspect({
      law: "lazy-count",
      at: by,
      says: `nr_lazy is ${by.lazyPages} after ${hex(area)}, and was ${other.by.lazyPages} after ${hex(other.area)}: no order of the two frees gives both`,
      areas: [other.area, area],
      events: [other.area.freeing, other.by, area.freeing].filter((each) => each !== undefined),
      plea: () => (this.#mayPurgeBeside(by) ? "excused" : "stands"),
    });
  }

  /** A purge began or flushed at the time of this event on another CPU: perhaps before it. */
  #mayPurgeBeside({ time, cpu }: Stamp): boolean {
    const { open, closed } = this.#space;
    const isBeside = ({ entry, flush }: Purge) =>
      [entry, flush].some((each) => each?.time === time && each.cpu !== cpu);
    return closed.some(isBeside) || (open !== undefined && isBeside(open));
  }
}
