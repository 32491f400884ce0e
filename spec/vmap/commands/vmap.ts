/** vmap, and pins: frames that are given to a user who wants no alias of them. */
import { vmapCounts } from "../scope.ts";
import { type Pages, type Pfn, pagesText } from "../vocabulary.ts";
import { command, sharedOut, smaller } from "./command.ts";

/**
 * vmap(pages, count, flags): maps `count` fresh frames in an area of their own in the vmalloc window, which is freed as
 * that of an alloc is. The last page of the area has no PTE: it is the guard page.
 */
export interface Vmap {
  readonly op: "vmap";
  /** In pages. 0 is outside the call's domain. */
  readonly count: Pages;
  /** The caller passes VM_NO_GUARD: no guard page. The effect differs between releases. */
  readonly noGuard?: boolean;
}

export const vmap = command<Vmap>({
  op: "vmap",
  fields: { count: "count", noGuard: "true?" },
  gives: "area",
  asksIn: "vmalloc",
  weight: { usual: 0, maps: 4 },
  pages: ({ count }) => count,
  inDomain: (_world, { count }) => count > 0,
  outside: () => "vmapOfNothing",
  // A guard page, unless the allocator adds one by itself (2.6.27) or the release omits it for a caller that passed
  // VM_NO_GUARD.
  asks: ({ promises, scope }, { count, noGuard }) => {
    if (count === 0) return undefined;
    const isLeftOut = noGuard === true && promises.obeysNoGuard;
    const size = isLeftOut || promises.guard.inside > 0 ? count : count + 1;
    return { size, align: 1, ...scope.vmalloc };
  },
  every: ({ scope, calls }) =>
    calls.includes("vmap")
      ? vmapCounts(scope).flatMap((count): Vmap[] => [
          { op: "vmap", count },
          { op: "vmap", count, noGuard: true },
        ])
      : [],
  everyOutside: ({ calls }) => (calls.includes("vmap") ? [{ op: "vmap", count: 0 }] : []),
  drawn: (scope) => {
    const counts = vmapCounts(scope);
    return counts.length === 0 ? undefined : { count: { from: counts }, noGuard: "flag" };
  },
  means: ({ count, noGuard }) => (noGuard ? { op: "vmap", count, noGuard } : { op: "vmap", count }),
  *simpler(step) {
    yield { op: "purge" };
    if (step.noGuard) yield { op: "vmap", count: step.count };
    for (const count of smaller(step.count)) yield { ...step, count };
  },
  askedFor: ({ count }) => ({ counts: [count] }),
  name: ({ count, noGuard }) => `vmap ${count}${noGuard ? " without guard" : ""}`,
  says: ({ count, noGuard }) => `vmap ${pagesText(count)}${noGuard ? ", VM_NO_GUARD" : ""}`,
});

// What page tables need of the frames they consist of.

/**
 * A page is allocated for use in a page table, and pinned: Xen wants no other writable mapping of it, PAT no
 * other mapping at all (Jeremy Fitzhardinge and Nick Piggin, linux-kernel, June 2008). The page allocator hands out what was freed last.
 */
export interface Pin {
  readonly op: "pin";
}

/** A page-table page returns to the page allocator, and is used for anything afterwards. */
export interface Unpin {
  readonly op: "unpin";
  readonly frame: Pfn;
}

/** Gives back the frame that pin number `area` got. */
export interface UnpinStep {
  readonly op: "unpin";
  readonly area: number;
}

export interface UnpinChoice {
  readonly op: "unpin";
  readonly share: number;
}

export const pin = command<Pin>({
  op: "pin",
  fields: {},
  gives: "frame",
  beforeInit: true,
  weight: { usual: 4, maps: 5, amongAreas: 0 },
  pages: () => 0,
  every: ({ calls }) => (calls.includes("pin") ? [{ op: "pin" }] : []),
  // A pin whose only purpose was to purge.
  simpler: () => [{ op: "unmapAliases" }],
});

export const unpin = command<Unpin, UnpinStep, UnpinChoice>({
  op: "unpin",
  fields: { area: "index" },
  takes: "frame",
  names: ["frame"],
  beforeInit: true,
  weight: { usual: 1, maps: 1, amongAreas: 0 },
  resolve: ({ area }, ledger) => {
    const got = ledger.at(area);
    return got?.held ? { op: "unpin", frame: got.start as number } : undefined;
  },
  named: ({ frame }, ledger) => {
    const start: number = frame;
    const got = ledger.heldAt("frame", start) ?? ledger.lastAt("frame", start);
    return got && { op: "unpin", area: got.index };
  },
  drawn: () => ({ share: "share" }),
  means: ({ share }, _world, ledger) => {
    const got = sharedOut(ledger.held("frame"), share);
    return got && { op: "unpin", area: got.index };
  },
  says: ({ frame }) => `unpin frame ${frame}`,
});
