/** vm_unmap_ram, and what the kernels make of frees and unmaps of what is not held. */
import { fitsBlock } from "../../spec/vmap/scope.ts";
import type { Pages, Vpn } from "../../spec/vmap/vocabulary.ts";
import { endHold } from "../hardware/memory.ts";
import { freeArea, freeAreaLazily } from "./area-calls.ts";
import { isOwned, LAZY_FLAGS, listed, MADE_BY_RAM, NONE } from "./areas.ts";
import { freeInBlock } from "./block-calls.ts";
import { bugOn } from "./bug.ts";
import { LISTED_TWICE } from "./purge.ts";
import type { State } from "./state.ts";
import type { Steps } from "./steps.ts";

const NO_AREA = "Trying to vfree() nonexistent vm area";

export function warnOfNoArea(state: State): void {
  state.warning = NO_AREA;
}

/**
 * vfree of an address at which no area that has a vm_struct begins. It may lie in one, and from 3.11 on that is found,
 * and freed. Of several areas at one address (A11) the one found may be lazy while another's owner frees it.
 */
export function vfreeStray(state: State, start: Vpn, steps: Steps): void {
  const { areas } = state;
  const here = steps.busy.find(areas, start);
  if (here !== NONE && isFreed(state, here)) {
    if (othersStartAt(state, here, steps)) {
      freeArea(state, here, steps);
      return;
    }
    bugOn(steps.outside.freeAgain === "bug", "remove_vm_area: vmlist ends before it is found");
  }
  const around = here === NONE ? steps.find(state, start) : here;
  bugOn(
    around === NONE && steps.outside.freeNowhere === "bug",
    "__vunmap: find_vmap_area(addr)->vm, read through NULL",
  );
  if (around !== NONE && isOwned(areas, around)) {
    freeArea(state, around, steps);
    return;
  }
  if (around !== NONE && steps.outside.unlinksAny) steps.busy.remove(areas, around);
  warnOfNoArea(state);
}

/** Of an area that has, or had, a vm_struct: whether it was freed. */
function isFreed({ areas }: State, slot: number): boolean {
  const flags = areas.flags[slot] as number;
  return (flags & LAZY_FLAGS) !== 0 && (flags & MADE_BY_RAM) === 0;
}

function othersStartAt(state: State, slot: number, { busy }: Steps): boolean {
  const { areas } = state;
  busy.list(areas);
  for (const other of listed(areas))
    if (other !== slot && areas.start[other] === areas.start[slot] && isOwned(areas, other)) return true;
  return false;
}

/** vm_unmap_ram: through a block if the pages are few enough, whatever was mapped there. */
export function unmapRam(state: State, start: Vpn, count: Pages, steps: Steps): void {
  if (fitsBlock(state.scope, count)) {
    endHold(state, start, start + count);
    freeInBlock(state, start, count, steps);
  } else {
    unmapLarge(state, start, steps);
  }
}

/** It frees any area that it finds, whatever its owner. */
function unmapLarge(state: State, start: Vpn, steps: Steps): void {
  const { areas } = state;
  const exact = steps.busy.find(areas, start);
  const slot = exact === NONE ? steps.find(state, start) : exact;
  if (slot === NONE) {
    bugOn(steps.outside.unmapNowhere === "bug", "vm_unmap_ram: !va");
    state.warning = "vm_unmap_ram: !va";
    return;
  }
  // A flag can be set again; a list that has an area twice is one without an end.
  bugOn(state.purgeHead !== NONE && steps.isLazy(state, slot), LISTED_TWICE);
  freeAreaLazily(state, slot, steps);
}
