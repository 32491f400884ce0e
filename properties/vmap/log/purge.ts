/** A purge, as far as the log shows it. They run one at a time (vmap_purge_lock). */
import type { EventOf, Stamp } from "../../../spec/vmap/log.ts";
import type { Extent } from "../../../spec/vmap/vocabulary.ts";
import type { Area, Purge } from "./area.ts";
import { mayPrecede, type Window } from "./window.ts";

export function purgeAfter(
  after: Stamp | undefined,
  entry: EventOf<"purge entry"> | undefined,
  isFlushSeen: boolean,
): Purge {
  return {
    entry,
    after,
    isFlushSeen,
    flush: undefined,
    flushes: 0,
    decays: 0,
    close: undefined,
    range: undefined,
    taken: 0,
    unseen: Number.POSITIVE_INFINITY,
    perhapsMost: Number.POSITIVE_INFINITY,
    perhapsReused: 0,
    reused: [],
  };
}

/** It began after this. */
export const beginOf = ({ entry, after }: Purge): Stamp | undefined => entry ?? after;

/** It had taken the lists of lazy areas by then. */
export const takenBy = ({ flush, close }: Purge): Stamp | undefined => flush ?? close;

export function covers(range: Extent, { start, end }: Extent): boolean {
  return range.start <= start && end <= range.end;
}

/** Whether an order exists in which it took an area that became lazy in this window. */
export function mayTake(purge: Purge, area: Area, freed: Window): boolean {
  // They run one at a time: what one did not take was lazy still, and none before had taken it.
  const missed = area.missedBy?.close?.line ?? 0;
  if (purge.close !== undefined && purge.close.line <= missed) return false;
  // All that it took was known when it reported itself, and this free was printed later.
  const known = area.freeing ?? freed.by ?? freed.from;
  if (purge.unseen === 0 && purge.close !== undefined && known !== undefined && known.line > purge.close.line)
    return false;
  if (purge.range !== undefined && !covers(purge.range, area)) return false;
  return mayPrecede(freed.from, takenBy(purge));
}

/** Whether it may return areas by now, and subtract their pages. */
export function mayHaveFlushed(purge: Purge): boolean {
  if (purge.flush !== undefined) return true;
  if (purge.entry !== undefined && purge.isFlushSeen) return false;
  return beginOf(purge) === undefined || purge.close === undefined;
}

/** Whether an order exists in which it had flushed before this event. */
export function mayFlushBefore(purge: Purge, event: Stamp): boolean {
  if (purge.flush !== undefined) return mayPrecede(purge.flush, event);
  if (purge.isFlushSeen && purge.entry !== undefined && purge.close === undefined) return false;
  return mayPrecede(beginOf(purge), event);
}
