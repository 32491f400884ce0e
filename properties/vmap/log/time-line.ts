/** What happened over time: counts, and samples of the space that are few however long the log is. */
import type { LogEvent } from "../../../spec/vmap/log.ts";
import type { Extent, Pages } from "../../../spec/vmap/vocabulary.ts";
import { type Area, pagesOf } from "./area.ts";
import type { PlacementWindow, Space } from "./space.ts";

export interface Sample {
  readonly time: number;
  /** Events of each kind since the sample before. */
  readonly allocated: number;
  readonly failed: number;
  readonly freed: number;
  readonly purges: number;
  /** Purges that returned areas. */
  readonly purgesOfAreas: number;
  readonly areas: number;
  readonly livePages: Pages;
  readonly lazyPages: Pages;
  /** The kernel's limit, above which it purges; undefined where no event said it. */
  readonly lazyMost: Pages | undefined;
}

export interface Caller {
  readonly name: string;
  readonly allocations: number;
  readonly pages: Pages;
}

/** Callers that are counted one by one; of more, those that came rarely are forgotten. */
const MOST_CALLERS = 512;
const MOST_SAMPLES = 512;

type Counts = { -readonly [K in "allocated" | "failed" | "freed" | "purges" | "purgesOfAreas"]: number };
const none = (): Counts => ({ allocated: 0, failed: 0, freed: 0, purges: 0, purgesOfAreas: 0 });

export class TimeLine {
  readonly #space: Space;
  readonly totals = none();
  first: number | undefined;
  last = 0;
  peakLazy = 0;
  peakAreas = 0;
  lazyMost: Pages | undefined;
  #samples: Sample[] = [];
  #since = none();
  #events = 0;
  /** Events between two samples: it doubles, and every other sample goes, when there are too many. */
  #stride = 16;
  readonly #callers = new Map<string, { allocations: number; pages: number }>();

  constructor(space: Space) {
    this.#space = space;
  }

  see(event: LogEvent): void {
    this.first ??= event.time;
    this.last = event.time;
    this.#count(event);
    this.#events += 1;
    if (this.#events % this.#stride === 0) this.#sample(event.time);
  }

  end(): void {
    this.#sample(this.last);
  }

  get samples(): readonly Sample[] {
    return this.#samples;
  }

  /** The callers that asked most often. */
  busiest(most: number): readonly Caller[] {
    return [...this.#callers]
      .map(([name, counts]) => ({ name, ...counts }))
      .sort((a, b) => b.allocations - a.allocations || b.pages - a.pages)
      .slice(0, most);
  }

  #count(event: LogEvent): void {
    const { seen, areas } = this.#space;
    const add = (what: keyof Counts) => {
      this.totals[what] += 1;
      this.#since[what] += 1;
    };
    switch (event.kind) {
      case "allocated":
        add(event.failed ? "failed" : "allocated");
        if (!event.failed) this.#call(event.name, event.size);
        break;
      case "alloc return":
        if (seen.allocated) break;
        add(event.failed ? "failed" : "allocated");
        if (!event.failed) this.#call(event.name, pagesOf(event));
        break;
      case "freed":
        add("freed");
        this.lazyMost = event.lazyMost;
        break;
      case "free entry":
        if (!seen.freed) add("freed");
        break;
      case "purged":
        add("purges");
        if (event.areas > 0) add("purgesOfAreas");
        break;
      case "purge return":
        if (seen.purged) break;
        add("purges");
        if (event.purged) add("purgesOfAreas");
        break;
      default:
        return;
    }
    this.peakLazy = Math.max(this.peakLazy, areas.lazy.all);
    this.peakAreas = Math.max(this.peakAreas, areas.size);
  }

  /** Threads of one program have a number behind its name. */
  #call(task: string, pages: Pages): void {
    const name = task.replace(/[/:-]?\d+(:\d+)?$/, "").replace(/^kworker\/.*/, "kworker") || task;
    const known = this.#callers.get(name);
    if (known === undefined) {
      if (this.#callers.size >= MOST_CALLERS) this.#forgetRarest();
      this.#callers.set(name, { allocations: 1, pages });
      return;
    }
    known.allocations += 1;
    known.pages += pages;
  }

  #forgetRarest(): void {
    const kept = this.busiest(MOST_CALLERS / 2);
    this.#callers.clear();
    for (const { name, allocations, pages } of kept) this.#callers.set(name, { allocations, pages });
  }

  #sample(time: number): void {
    let livePages = 0;
    for (const area of this.#space.areas) if (area.freed === undefined) livePages += pagesOf(area);
    const { areas } = this.#space;
    this.#samples.push({
      time,
      ...this.#since,
      areas: areas.size,
      livePages,
      lazyPages: areas.lazy.all,
      lazyMost: this.lazyMost,
    });
    this.#since = none();
    if (this.#samples.length < MOST_SAMPLES) return;
    this.#samples = this.#samples.flatMap((each, nth) =>
      nth % 2 === 1 ? [merged(this.#samples[nth - 1] as Sample, each)] : [],
    );
    this.#stride *= 2;
  }
}

function merged(before: Sample, after: Sample): Sample {
  return {
    ...after,
    allocated: before.allocated + after.allocated,
    failed: before.failed + after.failed,
    freed: before.freed + after.freed,
    purges: before.purges + after.purges,
    purgesOfAreas: before.purgesOfAreas + after.purgesOfAreas,
  };
}

/** The free extents of a window, and how its areas lie. */
export interface WindowState {
  readonly vstart: number;
  readonly vend: number;
  readonly areas: number;
  readonly livePages: Pages;
  readonly lazyPages: Pages;
  /** Free extents below the highest area that was ever placed, and their pages; percpu areas lie above. */
  readonly holes: number;
  readonly holePages: Pages;
  readonly largestHole: Extent | undefined;
  /** What part of those pages does not lie in the largest of them; 0 if there are none. */
  readonly fragmentation: number;
}

export function windowState(
  { vstart, vend, highest }: Pick<PlacementWindow, "vstart" | "vend" | "highest">,
  all: Iterable<Extent & Partial<Area>>,
): WindowState {
  let [areas, livePages, lazyPages, holes, holePages, from] = [0, 0, 0, 0, 0, vstart];
  let largestHole: Extent | undefined;
  for (const area of all) {
    if (area.end <= vstart || area.start >= vend) continue;
    areas += 1;
    if (area.freed === undefined) livePages += pagesOf(area);
    else lazyPages += pagesOf(area);
    if (area.start >= highest) continue;
    if (area.start > from) {
      const hole = { start: from, end: area.start };
      holes += 1;
      holePages += pagesOf(hole);
      if (largestHole === undefined || pagesOf(hole) > pagesOf(largestHole)) largestHole = hole;
    }
    from = Math.max(from, area.end);
  }
  const fragmentation = largestHole === undefined ? 0 : 1 - pagesOf(largestHole) / holePages;
  return { vstart, vend, areas, livePages, lazyPages, holes, holePages, largestHole, fragmentation };
}
