/** What page tables need of the frames they consist of. */
import type { Pfn } from "../vocabulary.ts";
import { command, sharedOut } from "./command.ts";

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
