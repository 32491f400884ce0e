/** Where the search for free space should have ended, as far as a log shows what is free. */
import type { LawId } from "../../../spec/contract.ts";
import type { Stamp } from "../../../spec/vmap/log.ts";
import { alignUp, type Extent, overlaps, PAGE_SIZE, type Vpn } from "../../../spec/vmap/vocabulary.ts";
import type { Cause } from "./account.ts";
import type { Area, Request } from "./area.ts";
import { AFTER_VIOLATION } from "./doubts.ts";
import type { KernelFacts, Space } from "./space.ts";
import { LOST_EVENTS, type Plea, UNSEEN_BEGIN } from "./suspicions.ts";
import { hex, mayPrecede, type Window } from "./window.ts";

/** Areas passed in one search; a space with more below the area is not judged. */
const MOST_PASSED = 4096;
/** Holes that wait at one time: each area that is placed is compared with them. */
const MOST_WAITING = 256;
/** Lines in which another allocation that took the hole may be printed. */
const LATE_ALLOCATION = 2000;

/** How near placements were to first fit: those aligned to a page at most, and the others. */
export interface FitCounts {
  exact: number;
  other: number;
  /** Of a larger alignment: the lowest fit, or one no higher than the lowest roomy hole; others. */
  alignedExact: number;
  alignedBounded: number;
  alignedOther: number;
}

/** A hole that a search missed, as far as the log shows. */
interface Missed {
  readonly law: LawId;
  readonly says: string;
  readonly window: Window;
  readonly hole: Extent;
  /** What may be there is open from now on. */
  readonly unknown: readonly Extent[];
  readonly vstart: Vpn;
  readonly areas: readonly Area[];
}

interface WaitingHole {
  readonly hole: Extent;
  readonly at: Stamp;
  isTaken: boolean;
  cause: Cause | undefined;
}

export class Room {
  readonly fits: FitCounts = { exact: 0, other: 0, alignedExact: 0, alignedBounded: 0, alignedOther: 0 };
  readonly #space: Space;
  readonly #facts: () => KernelFacts;
  /** Holes that were missed, as long as that is not decided. */
  readonly #waiting = new Set<WaitingHole>();

  constructor(space: Space, facts: () => KernelFacts) {
    this.#space = space;
    this.#facts = facts;
  }

  /** A window is used: for the first time, perhaps. */
  open({ size, vstart, vend }: Request, start: Vpn): void {
    const known = this.#space.windows.get(vstart);
    const isWhole = start === vstart && this.#space.doubt === 0;
    if (known === undefined)
      this.#space.windows.set(vstart, { vstart, vend, isWhole, highest: start + size });
    else known.highest = Math.max(known.highest, start + size);
  }

  judgePlacement(area: Area, request: Request): void {
    const { vstart, align, size } = request;
    if (area.start < vstart) return;
    const small = align <= PAGE_SIZE;
    const law = small ? "lowest-fit-at-a-page" : "lowest-roomy-hole";
    if (!this.#space.windows.get(vstart)?.isWhole) {
      this.#space.account.blind(law, UNSEEN_BEGIN);
      return;
    }
    const below = { vstart, vend: area.start + size };
    const lowest = this.#lowestHole(below, size, align);
    const roomy = this.#lowestHole(below, this.#roomy(size, align), PAGE_SIZE);
    if (lowest === "too many" || roomy === "too many") {
      this.#space.account.blind(law, "too many areas lie below");
      return;
    }
    const isLower = (hole: Vpn | undefined) => hole !== undefined && alignUp(hole, align) < area.start;
    this.#count(small, !isLower(lowest), !isLower(roomy));
    const isFit = small && this.#facts().exactFit === true;
    const hole = isFit ? lowest : roomy;
    const why = this.#whyHidden();
    if (why !== undefined) this.#space.account.blind(law, why);
    else if (hole === undefined || !isLower(hole)) this.#space.judged(law);
    else {
      const length = isFit ? size : this.#roomy(size, align);
      const sure = this.#lowestHole(below, length, isFit ? align : PAGE_SIZE, true);
      if (typeof sure !== "number" || !isLower(sure)) {
        this.#space.account.blind(law, AFTER_VIOLATION);
        return;
      }
      const extent = { start: sure, end: sure + length };
      const says = `${hex(area)} is placed above a hole at ${hex(extent)}`;
      const unknown = [extent, ...[lowest ?? sure, sure].map((start) => this.#freeAround(start, vstart))];
      this.#suspect({ law, says, window: area.placed, hole: extent, unknown, vstart, areas: [area] });
    }
  }

  judgeRefusal(event: Request & Stamp, window: Window): void {
    const law = "refused-only-when-full";
    const { size, align, vstart } = event;
    const why = this.#space.windows.get(vstart)?.isWhole ? this.#whyHidden() : UNSEEN_BEGIN;
    const length = this.#roomy(size, align);
    const hole = why ?? this.#lowestHole(event, length, PAGE_SIZE, true);
    if (typeof hole === "string") this.#space.account.blind(law, why ?? "too many areas lie below");
    else if (hole === undefined) {
      const isSure = this.#lowestHole(event, length, PAGE_SIZE) === undefined;
      if (isSure) this.#space.judged(law);
      else this.#space.account.blind(law, AFTER_VIOLATION);
    } else {
      const extent = { start: hole, end: hole + length };
      const says = `${size} pages are refused, and ${hex(extent)} is free`;
      const unknown = [extent, this.#freeAround(hole, vstart)];
      this.#suspect({ law, says, window, hole: extent, unknown, vstart, areas: [] });
    }
  }

  /** Why what looks free may not be. */
  #whyHidden(): string | undefined {
    if (this.#space.doubt > 0) return LOST_EVENTS;
    return this.#facts().oneNode === false ? "what looks free may lie in the pools of nodes" : undefined;
  }

  /** All that is free around this page, below the highest area. */
  #freeAround(page: Vpn, vstart: Vpn): Extent {
    const { areas, windows } = this.#space;
    const place = areas.placeOf(page);
    const start = Math.max(vstart, areas.nth(place - 1)?.end ?? vstart);
    const next = areas.nth(place)?.start ?? windows.get(vstart)?.highest ?? start;
    return { start, end: Math.max(start, next) };
  }

  /** The length that the search asks for, in whole pages. */
  #roomy(size: number, align: number): number {
    return align <= 1 ? size : size + Math.ceil((align - 1) / PAGE_SIZE);
  }

  #suspect({ law, says, window, hole, unknown, vstart, areas }: Missed): void {
    const at = window.by as Stamp;
    const why = this.#whyUndecided(window, hole, vstart);
    if (why !== undefined) {
      this.#space.account.undecided(law, why);
      return;
    }
    if (this.#waiting.size >= MOST_WAITING) {
      this.#space.account.blind(law, "too many holes may have been passed over shortly before");
      return;
    }
    const waiting: WaitingHole = { hole, at, isTaken: false, cause: undefined };
    this.#waiting.add(waiting);
    const plea = (): Plea =>
      waiting.isTaken ? { undecided: "another allocation may have had the hole" } : "stands";
    const ends = () => this.#waiting.delete(waiting);
    this.#space.judged(law);
    const until = at.line + LATE_ALLOCATION;
    waiting.cause = this.#space.suspect({ law, at, says, areas, plea, ends, until }, unknown);
  }

  /** An area is placed: perhaps before what was printed earlier, which then did not miss the hole. */
  place({ start, end, placed }: Area): void {
    for (const waiting of this.#waiting)
      if (
        overlaps(waiting.hole, { start, end }) &&
        placed.from?.line !== waiting.at.line &&
        mayPrecede(placed.from, waiting.at)
      ) {
        waiting.isTaken = true;
        this.#waiting.delete(waiting);
        if (waiting.cause !== undefined) this.#space.excuse(waiting.cause);
      }
  }

  #whyUndecided(window: Window, hole: Extent, vstart: Vpn): string | undefined {
    const { oneNode, countsAreas, bits } = this.#facts();
    const { closed, open, windows } = this.#space;
    if (oneNode === undefined)
      return countsAreas === true
        ? "how many nodes have pools is not known (k_decay)"
        : "whether there are pools of nodes is not known (--release)";
    // Percpu areas come from the top, of which the log may lack some.
    if (bits === 32 || hole.end > (windows.get(vstart)?.highest ?? 0))
      return "a percpu area may lie in the hole";
    // What was returned while the search ran may have come too late for it.
    const late = closed.some(({ close }) => close !== undefined && mayPrecede(window.from, close));
    // What others were placed over already shows a purge that is not reported yet.
    const isOpen = open !== undefined && (open.flush !== undefined || open.reused.length > 0);
    return late || isOpen ? "a purge returned areas while the search ran" : undefined;
  }

  #count(small: boolean, isLowest: boolean, isBounded: boolean): void {
    if (small) this.fits[isLowest ? "exact" : "other"] += 1;
    else if (isLowest) this.fits.alignedExact += 1;
    else this.fits[isBounded ? "alignedBounded" : "alignedOther"] += 1;
  }

  /** The lowest hole of this size at a multiple of the alignment; `isSure`: where no violation leaves open what lies there. */
  #lowestHole(
    { vstart, vend }: { readonly vstart: Vpn; readonly vend: Vpn },
    size: number,
    align: number,
    isSure = false,
  ): Vpn | "too many" | undefined {
    const { areas, doubts } = this.#space;
    let from = vstart;
    const first = areas.placeOf(vstart);
    for (let place = first; ; ) {
      const area = areas.nth(place);
      const start = alignUp(from, align);
      if (start + size > vend) return undefined;
      if (area !== undefined && start + size > area.start) {
        if (place - first > MOST_PASSED) return "too many";
        from = Math.max(from, area.end);
        place += 1;
        continue;
      }
      const [doubt] = isSure ? doubts.overlapping({ start, end: start + size }) : [];
      if (doubt === undefined) return start;
      from = doubt.end;
    }
  }
}
