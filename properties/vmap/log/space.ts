/** What is known of the address space at a line of the log, shared by all that follow its events. */
import type { LawId } from "../../../spec/contract.ts";
import type { EventOf, Stamp } from "../../../spec/vmap/log.ts";
import type { Extent, Vpn } from "../../../spec/vmap/vocabulary.ts";
import { Account, type Cause, newCause, stampOf } from "./account.ts";
import { type Area, Areas, copyOf, type Purge } from "./area.ts";
import { AFTER_VIOLATION, Doubts } from "./doubts.ts";
import { beginOf, purgeAfter } from "./purge.ts";
import { LOST_EVENTS, type Suspicion, Suspicions, UNSEEN_BEGIN } from "./suspicions.ts";
import { Tasks } from "./tasks.ts";
import type { Window } from "./window.ts";

/** Which events the log has had so far: from then on one that is missing means something. */
export interface Seen {
  allocated: boolean;
  allocReturn: boolean;
  freeEntry: boolean;
  freed: boolean;
  purgeEntry: boolean;
  purged: boolean;
  /** A flush inside a purge. */
  flush: boolean;
}

/** A window in which callers place areas. */
export interface PlacementWindow {
  readonly vstart: Vpn;
  readonly vend: Vpn;
  /** Its first area lies at its start: so the log has all of its areas. */
  readonly isWhole: boolean;
  /** The highest end of an area in it that a caller placed; percpu areas come from the top. */
  highest: Vpn;
}

/** What is known of the kernel: whether one list of free space serves all, and whether purges count areas one by one. */
export interface KernelFacts {
  readonly bits: 32 | 64;
  readonly oneNode: boolean | undefined;
  readonly countsAreas: boolean | undefined;
  /** Areas of a page's alignment take the lowest fit (9f531973dff3, 5.17), or the lowest roomy hole. */
  readonly exactFit: boolean | undefined;
}

/** Laws about the sum of all lazy areas. */
const COUNTED: readonly LawId[] = ["lazy-count", "purge-takes-all"];
/** After these all lazy areas are known: a free that began before the first may end after it. */
const PURGES_OF_ALL = 2;
/** How many areas to each side are shown around a violation. */
const AROUND = 3;
/** Purges that are kept after their end, for frees that are printed late. */
export const MOST_CLOSED = 32;
const MOST_GHOSTS = 10_000;

export class Space {
  readonly areas = new Areas();
  readonly account = new Account();
  readonly suspicions = new Suspicions(this.account);
  readonly tasks = new Tasks();
  readonly windows = new Map<Vpn, PlacementWindow>();
  readonly seen: Seen = {
    allocated: false,
    allocReturn: false,
    freeEntry: false,
    freed: false,
    purgeEntry: false,
    purged: false,
    flush: false,
  };
  /** The line up to which events were lost: what was last seen before is doubtful. 0 if none were. */
  doubt = 0;
  /** Purges that still have to run until all lazy areas are known. */
  #purgesToCome = PURGES_OF_ALL;
  #isLazyForgotten = false;
  /** The purge that runs; without a kprobe at its entry, the next that will report itself. */
  open: Purge | undefined = purgeAfter(undefined, undefined, false);
  /** The last purges that ended, the latest last. */
  closed: Purge[] = [];
  /** A purge that may have run when events were lost, and since then until another begins or ends. */
  #lost: Purge | undefined;
  /** Areas that others were placed over, while that is not decided. */
  readonly suspended = new Set<Area>();
  /** Areas that a violation took out: their frees are still to come. */
  readonly ghosts = new Map<Vpn, Area>();
  /** Extents that violations leave open. */
  readonly doubts = new Doubts();
  /** What leaves the sum of lazy areas open until all are known, and the purges up to then. */
  #lazyCause: Cause | undefined;
  #purgesOfCause = 0;
  /** The line of the last event that may have a cause of its own; and what was suspected last. */
  #newCauseAt = 0;
  #last: { readonly law: LawId; readonly line: number; readonly cause: Cause } | undefined;
  /** Calls of decay_va_pool_node in a purge: as many as nodes. */
  nodes: number | undefined;

  /** There may be lazy areas that no event showed. */
  get hasUnseenLazy(): boolean {
    return this.#purgesToCome > 0;
  }

  get whyUnseenLazy(): string {
    return this.#isLazyForgotten && this.doubt === 0 ? AFTER_VIOLATION : this.whyDoubtful;
  }

  /** A violation leaves it open what is lazy. */
  forgetLazy(): void {
    this.#purgesToCome = PURGES_OF_ALL;
    this.#isLazyForgotten = true;
  }

  /** It may have been freed, and its place used again, in events that the log does not have. */
  isDoubtful({ line }: Area): boolean {
    return line <= this.doubt;
  }

  /** What is not known, and why. */
  get whyDoubtful(): string {
    return this.doubt > 0 ? LOST_EVENTS : UNSEEN_BEGIN;
  }

  judged(law: LawId): void {
    this.account.judged(law);
  }

  /** `unknown`: where besides its areas it is open from now on what lies there; the first is what it is about. */
  suspect(suspicion: Omit<Suspicion, "around" | "cause">, unknown: readonly Extent[] = []): Cause {
    const { law, at, ends } = suspicion;
    if (this.doubt > 0 && COUNTED.includes(law)) {
      this.account.undecided(law, "events were lost: a call may run of which nothing was seen");
      ends?.(false);
      return newCause();
    }
    const last = suspicion.areas.at(-1);
    const [hole] = unknown;
    const near = new Set(hole === undefined ? [] : this.areas.near(hole, 1));
    if (last !== undefined) for (const area of this.areas.near(last, AROUND)) near.add(area);
    for (const area of suspicion.areas) near.delete(area);
    // The map is that of the event: what is printed later does not change it.
    const areas = suspicion.areas.map(copyOf);
    const cause = this.#causeOf(law, at, hole === undefined ? areas : [...areas, hole]);
    for (const extent of unknown) this.doubts.mark(extent, cause);
    this.suspicions.hold({
      ...suspicion,
      areas,
      around: [...near].map(copyOf),
      cause,
      ends: (stands) => {
        cause.waiting -= 1;
        if (cause.waiting === 0 && cause.found.length === 0) this.doubts.drop(cause);
        ends?.(stands);
      },
    });
    return cause;
  }

  /** What is suspected has an excuse, which it will have when it is decided. */
  excuse(cause: Cause): void {
    if (cause.waiting === 1 && cause.found.length === 0) this.doubts.drop(cause);
  }

  /** What the oldest of these extents is in doubt for already, what another of this event has, or a new one. */
  #causeOf(law: LawId, { line }: Stamp, extents: readonly Extent[]): Cause {
    const [oldest] = extents;
    const known = oldest && this.doubts.overlapping(oldest)[0]?.cause;
    const isSame = this.#last?.law === law && this.#last.line === line;
    const near = known ?? (isSame ? this.#last?.cause : undefined);
    const ofSum = near === undefined && COUNTED.includes(law) ? this.#lazyCause : undefined;
    const cause = near ?? ofSum ?? newCause();
    cause.waiting += 1;
    this.#last = { law, line, cause };
    // A sum says nothing of the addresses where it was seen to be wrong.
    if (ofSum !== undefined) return cause;
    for (const extent of extents) this.doubts.mark(extent, cause);
    if (near !== undefined) return cause;
    this.#newCauseAt = line;
    if (COUNTED.includes(law)) {
      this.#lazyCause = cause;
      this.#purgesOfCause = PURGES_OF_ALL;
    }
    return cause;
  }

  /** What violates these laws is none: what it left open is known again. */
  withhold(laws: readonly LawId[], line: number, why: string): void {
    for (const cause of new Set(this.account.withhold(laws, line, why))) {
      if (cause.waiting === 0) this.doubts.drop(cause);
      if (cause === this.#lazyCause) this.#lazyCause = undefined;
    }
  }

  /** An area lies here, by this event: which is known if nothing else speaks against it. */
  settle(extent: Extent, { line }: Stamp): void {
    if (this.doubts.size > 0 && this.#newCauseAt !== line) this.doubts.settle(extent);
  }

  /** The old area is taken out while it is not decided whether the other may be there. */
  suspend(old: Area): void {
    this.areas.remove(old);
    this.suspended.add(old);
  }

  resume(old: Area, isViolation: boolean): void {
    this.suspended.delete(old);
    if (!isViolation || old.freed !== undefined) return;
    if (this.ghosts.size >= MOST_GHOSTS) this.ghosts.clear();
    this.ghosts.set(old.start, old);
  }

  /** The window that has this extent. */
  windowOf({ start, end }: Extent): PlacementWindow | undefined {
    for (const window of this.windows.values())
      if (window.vstart <= start && end <= window.vend) return window;
    return undefined;
  }

  /** Why there may be an area here of which the log has no allocation; undefined if there can be none. */
  whyUnseen(extent: Extent, bits: 32 | 64): string | undefined {
    if (!this.seen.allocated && !this.seen.allocReturn) return "no event shows what allocations got";
    if (this.doubt > 0) return LOST_EVENTS;
    const window = this.windowOf(extent);
    if (this.doubts.touch(extent)) return AFTER_VIOLATION;
    if (window?.isWhole !== true) return "it may have been allocated before the log begins";
    if (bits === 32 || extent.end > window.highest) return "it may be a percpu area";
    return undefined;
  }

  /** It may have taken what was freed in this window. */
  lostPurge({ from }: Window): Purge | undefined {
    const { close } = this.#lost ?? {};
    return close === undefined || (from?.line ?? 0) <= close.line ? this.#lost : undefined;
  }

  /** A purge begins or ends, so one that was running when events were lost is over. */
  passLost(event: Stamp): void {
    if (this.#lost !== undefined) this.#lost.close ??= stampOf(event);
  }

  closePurge(purge: Purge): void {
    const begin = beginOf(purge);
    if (begin !== undefined && begin.line > this.doubt && this.#purgesToCome > 0) this.#purgesToCome -= 1;
    this.#purgesOfCause -= 1;
    if (this.#purgesOfCause <= 0) this.#lazyCause = undefined;
    this.closed.push(purge);
    if (this.closed.length > MOST_CLOSED) this.closed.shift();
    this.open = this.seen.purgeEntry ? undefined : purgeAfter(purge.close, undefined, false);
  }

  /** The end of the last purge that is known. */
  get lastClose(): Stamp | undefined {
    return this.closed.at(-1)?.close;
  }

  /** Events were lost: all that was known is doubtful, and no call is known to be under way. */
  lose(event: EventOf<"lost">): void {
    this.suspicions.lose(event);
    this.doubt = event.line;
    this.#purgesToCome = PURGES_OF_ALL;
    this.#lost = purgeAfter(undefined, undefined, false);
    this.closed = [];
    this.open = this.seen.purgeEntry ? undefined : purgeAfter(undefined, undefined, false);
    this.tasks.forget();
    this.ghosts.clear();
    this.doubts.clear();
    this.#lazyCause = undefined;
  }
}
