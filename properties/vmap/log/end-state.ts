/** The areas that a log leaves, against a reading of /proc/vmallocinfo at its end. */
import type { EventOf, InfoArea, Stamp } from "../../../spec/vmap/log.ts";
import { type Extent, overlaps } from "../../../spec/vmap/vocabulary.ts";
import { stampsOf } from "./allocations.ts";
import type { Area } from "./area.ts";
import { AFTER_VIOLATION } from "./doubts.ts";
import type { Space } from "./space.ts";
import { hex } from "./window.ts";

/** An area that only one of them has, and what explains that; undefined: nothing does. */
interface Difference extends Extent {
  readonly why: string | undefined;
  readonly lazy: boolean;
  readonly caller: string;
}

export interface EndState {
  /** Areas in use and lazy ones, by the reading and by the log. */
  readonly snapshot: { readonly live: number; readonly lazy: number };
  readonly log: { readonly live: number; readonly lazy: number; readonly perhapsLazy: number };
  /** Areas in use of both, and how many of them have the same size. */
  readonly common: number;
  readonly sameSize: number;
  readonly onlySnapshot: readonly Difference[];
  readonly onlyLog: readonly Difference[];
}

/** How it was when the reading began. */
interface Before {
  readonly mark: Stamp;
  readonly areas: ReadonlySet<Area>;
  readonly lazy: ReadonlySet<Area>;
}

export class EndWatch {
  readonly #space: Space;
  #before: Before | undefined;
  #last: Stamp | undefined;

  constructor(space: Space) {
    this.#space = space;
  }

  /** A reading begins, if the mark says so: the last one counts. */
  mark(event: EventOf<"mark">): void {
    if (event.snapshot !== "begins") return;
    const areas = new Set(this.#space.areas);
    const lazy = new Set([...areas].filter(({ freed }) => freed !== undefined));
    this.#before = { mark: event, areas, lazy };
  }

  see(event: Stamp): void {
    this.#last = event;
  }

  /** Compares, and judges what nothing explains. */
  compare(snapshot: readonly InfoArea[], bits: 32 | 64): EndState {
    const end = new Set(this.#space.areas);
    const before = this.#before ?? {
      mark: undefined,
      areas: end,
      lazy: new Set([...end].filter((area) => area.freed !== undefined)),
    };
    const shown = new Map(snapshot.map((area) => [area.start, area]));
    const live = [...before.areas].filter((area) => !before.lazy.has(area));
    const lazy = [...before.lazy];
    const known = new Map(live.map((area) => [area.start, area]));
    const common = live.filter(({ start }) => shown.get(start)?.lazy === false);
    const onlyLog = live
      .filter(({ start }) => shown.get(start)?.lazy !== false)
      .map((area) =>
        this.#differ(area, this.#whyNotShown(area, before.mark, end), false, area.caller ?? area.name),
      );
    const onlySnapshot = snapshot
      .filter((area) => !area.lazy && !known.has(area.start))
      .map((area) =>
        this.#differ(area, this.#whyNotLogged(area, before.mark, bits), false, area.caller || area.use),
      );
    const all = [...onlyLog, ...onlySnapshot];
    const sameSize = common.filter(({ start, end }) => shown.get(start)?.end === end);
    for (const area of common) {
      this.#space.judged("end-state");
      const there = shown.get(area.start) as InfoArea;
      const isOpen = this.#space.isDoubtful(area) || this.#space.doubts.touch(area);
      if (there.end !== area.end && area.isSized && !isOpen)
        this.#violate(area, `the log leaves ${hex(area)}, and /proc/vmallocinfo has ${hex(there)}`, [area]);
    }
    for (const each of all) {
      if (each.why !== undefined) {
        this.#space.account.undecided("end-state", each.why);
        continue;
      }
      const area = known.get(each.start);
      this.#violate(
        each,
        area !== undefined && onlyLog.includes(each)
          ? `the log leaves ${hex(each)} in use, and /proc/vmallocinfo does not have it`
          : `/proc/vmallocinfo has ${hex(each)} (${each.caller}), and by the log nothing is in use there`,
        area === undefined ? [] : [area],
      );
    }
    return {
      snapshot: {
        live: snapshot.filter(({ lazy }) => !lazy).length,
        lazy: snapshot.filter(({ lazy }) => lazy).length,
      },
      log: {
        live: live.length,
        lazy: lazy.filter(({ perhapsTakenBy }) => perhapsTakenBy === undefined).length,
        perhapsLazy: lazy.filter(({ perhapsTakenBy }) => perhapsTakenBy !== undefined).length,
      },
      common: common.length,
      sameSize: sameSize.length,
      onlySnapshot,
      onlyLog,
    };
  }

  #differ({ start, end }: Extent, why: string | undefined, lazy: boolean, caller: string): Difference {
    return { start, end, why, lazy, caller };
  }

  #whyNotShown(area: Area, mark: Stamp | undefined, end: ReadonlySet<Area>): string | undefined {
    if (this.#space.isDoubtful(area)) return this.#space.whyDoubtful;
    if (this.#space.doubts.touch(area)) return AFTER_VIOLATION;
    if (!this.#space.seen.freed && !this.#space.seen.freeEntry) return "no event shows frees";
    if (this.#space.suspended.has(area)) return "another area lies over it";
    if (mark === undefined)
      return this.#isRecent(area.placed.by) ? "placed when the reading was made" : undefined;
    if (!end.has(area) || area.freed !== undefined) return "freed when the reading was made";
    return undefined;
  }

  #whyNotLogged(area: InfoArea, mark: Stamp | undefined, bits: 32 | 64): string | undefined {
    if (/^pcpu|percpu/.test(area.caller)) return "a percpu area, of which the log has no event";
    if (this.#space.doubts.touch(area)) return AFTER_VIOLATION;
    const here = this.#space.areas.overlapping(area);
    const since = here.find(({ start }) => start === area.start);
    if (since !== undefined && mark !== undefined && (since.placed.by?.line ?? 0) > mark.line)
      return "placed when the reading was made";
    const lazy = here.find(({ freed }) => freed !== undefined);
    // No mark says when the reading was made.
    if (mark === undefined && lazy !== undefined) return "freed after the reading was made, perhaps";
    if (
      mark === undefined &&
      here.length === 0 &&
      this.#space.closed.some(({ close }) => this.#isRecent(close))
    )
      return "freed and purged after the reading was made, perhaps";
    if (lazy !== undefined && this.#space.isDoubtful(lazy)) return "events were lost";
    const over = here.filter(({ freed, start }) => freed === undefined && start !== area.start);
    if (over.some((each) => this.#space.isDoubtful(each))) return "events were lost";
    if (over.length > 0) return undefined;
    return this.#space.whyUnseen(area, bits);
  }

  /** Among the last events of the log, which has no mark of when the reading was made. */
  #isRecent(stamp: Stamp | undefined): boolean {
    return stamp !== undefined && this.#last !== undefined && this.#last.line - stamp.line < RECENT;
  }

  #violate(extent: Extent, says: string, areas: readonly Area[]): void {
    const [line, time] = [this.#last?.line ?? 0, this.#last?.time ?? 0];
    const around = this.#space.areas
      .near(extent, 3)
      .filter((area) => !areas.includes(area))
      .filter((area) => overlaps(area, { start: extent.start - 64, end: extent.end + 64 }));
    this.#space.judged("end-state");
    this.#space.account.violate({
      law: "end-state",
      line,
      time,
      says,
      areas,
      around,
      events: areas.flatMap(stampsOf),
    });
  }
}

/** Lines that may have been written after a reading that no mark dates. */
const RECENT = 2000;
