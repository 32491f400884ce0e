/**
 * What happens to a freed area, from 5.2 on, and how a purge gives it back to the free space: the order shapes the
 * tree, and so later answers.
 */
import type { Extent } from "../../spec/vmap/vocabulary.ts";
import { giveBackDescriptor, NONE } from "./areas.ts";
import { byStart } from "./chains.ts";
import { giveSpace } from "./free-space.ts";
import { flagNothing, flagRemoved, gatherListed, isListedLazy, listLazy, purge, unmapNone } from "./purge.ts";
import { slotsOf, sortByStart } from "./purge-list.ts";
import type { State } from "./state.ts";
import type { LazyExtents, PurgeSteps } from "./steps.ts";

/** 5.2: lazy areas stay among the others until they are purged, newest first. */
export const amongAreas: LazyExtents = {
  removed: flagRemoved,
  keepLazy: listLazy,
  isLazy: isListedLazy,
  purge: purgeReleasing((state, first) => releaseEach(state, first, true)),
  order: "given back in order",
  shown: () => undefined,
};

/** 5.4: out of the tree of busy areas when they are freed (dd3b8353bae7); purged newest first. */
export const apart: LazyExtents = {
  removed: flagNothing,
  keepLazy: unlinkLazy,
  isLazy: () => false,
  order: "given back in order",
  purge: purgeReleasing((state, first) => releaseEach(state, first, false)),
  shown: (state) => slotsOf(state.areas, state.purgeHead).map((slot) => extentOf(state, slot)),
};

/** 5.11: kept by address, neighbours joined to one extent (96e2db456135). */
export const byAddress: LazyExtents = {
  ...apart,
  order: "given back by address",
  purge: purgeReleasing(releaseJoined),
  shown: (state) => joined(lazyByStart(state, state.purgeHead).map((slot) => extentOf(state, slot))),
};

/** By address, neighbours as one. Slots are sorted, not extents made for it: there may be tens of thousands. */
function releaseJoined(state: State, first: number): void {
  const { areas } = state;
  const slots = lazyByStart(state, first);
  let start = areas.start[first] as number;
  let end = start;
  for (const slot of slots) {
    const next = areas.start[slot] as number;
    if (next !== end) {
      if (start < end) giveSpace(state.free, start, end);
      start = next;
    }
    end = areas.end[slot] as number;
    giveBackDescriptor(areas, slot);
  }
  giveSpace(state.free, start, end);
}

function lazyByStart({ areas }: State, first: number): number[] {
  return sortByStart(areas, slotsOf(areas, first));
}

/** __purge_vmap_area_lazy, which releases what it gathered in this way. */
function purgeReleasing(release: PurgeSteps["release"]): LazyExtents["purge"] {
  const steps: PurgeSteps = { gather: gatherListed, unmapGathered: unmapNone, release };
  return (state, dirty) => purge(state, steps, dirty);
}

/** unlink_va, and on the purge list from now on. */
export function unlinkLazy(state: State, slot: number): void {
  byStart.remove(state.areas, slot);
  listLazy(state, slot);
}

function releaseEach(state: State, first: number, chained: boolean): void {
  const { areas } = state;
  for (let slot = first; slot !== NONE; ) {
    const following = areas.purgeNext[slot] as number;
    if (chained) byStart.remove(areas, slot);
    giveBackDescriptor(areas, slot);
    giveSpace(state.free, areas.start[slot] as number, areas.end[slot] as number);
    slot = following;
  }
}

export function extentOf({ areas }: State, slot: number): Extent {
  return { start: areas.start[slot] as number, end: areas.end[slot] as number };
}

/** Extents by address, those that touch as one. */
export function joined(byAddress: readonly Extent[]): Extent[] {
  const found: Extent[] = [];
  for (const extent of byAddress) {
    const last = found.at(-1);
    if (last?.end === extent.start) found[found.length - 1] = { start: last.start, end: extent.end };
    else found.push(extent);
  }
  return found;
}
