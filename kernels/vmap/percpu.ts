/** pcpu_get_vm_areas, as every release has it except for the search. */
import type { PcpuGet } from "../../spec/vmap/commands.ts";
import type { Pages } from "../../spec/vmap/vocabulary.ts";
import { purgeNow } from "./area-calls.ts";
import { takeDescriptor } from "./areas.ts";
import { MARKS } from "./coverage-marks.ts";
import type { Result } from "./kernel.ts";
import { isTooWide } from "./search-congruent.ts";
import { NO_ROOM } from "./search-uncached.ts";
import type { State } from "./state.ts";
import type { Steps } from "./steps.ts";

/** Search; if that finds no base, purge once and search again. All areas or none. */
export function getPercpu(state: State, asked: PcpuGet, steps: Steps): Result {
  const { takeCongruent } = steps;
  if (takeCongruent === undefined || !state.initialised || isTooWide(state, asked))
    return { kind: "refused" };
  const { areas } = state;
  const slots = asked.offsets.map(() => takeDescriptor(areas));
  let base = takeCongruent(state, asked);
  if (base === NO_ROOM) {
    purgeNow(state, steps);
    base = takeCongruent(state, asked);
    if (base !== NO_ROOM) state.marks |= MARKS.placedAfterPurge;
  }
  if (base === NO_ROOM) {
    for (const slot of slots) steps.dropUnused(state, slot);
    return { kind: "refused" };
  }
  for (const [nth, slot] of slots.entries()) {
    const start = base + (asked.offsets[nth] as Pages);
    areas.start[slot] = start;
    areas.end[slot] = start + (asked.sizes[nth] as Pages);
    steps.busy.insert(areas, slot);
  }
  return { kind: "placed", start: base, mapStopped: false };
}
