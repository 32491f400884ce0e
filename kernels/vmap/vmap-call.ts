/** vmap, from 2.6.28 on: get_vm_area_caller, which adds the guard page, and a PTE for each page of the caller's. */
import type { Vmap } from "../../spec/vmap/commands.ts";
import { mapRange } from "../hardware/memory.ts";
import { allocArea, freeAreaLazily } from "./area-calls.ts";
import { NONE } from "./areas.ts";
import type { Result } from "./kernel.ts";
import type { State } from "./state.ts";
import type { Steps } from "./steps.ts";
import { add } from "./word-arithmetic.ts";

/** __get_vm_area_node's guard page. */
const GUARD = 1;

/** Its frames are taken even if it is refused: the caller has them already. */
export function vmap(state: State, { count, noGuard }: Vmap, steps: Steps): Result {
  // __get_vm_area_node: no size, no area.
  if (count === 0) return { kind: "refused" };
  const size = noGuard && steps.obeysNoGuard ? count : count + GUARD;
  if (noGuard && steps.warnsOfNoGuard) state.warning = "flags & VM_NO_GUARD";
  const request = { op: "alloc", size, align: 1, ...state.scope.vmalloc, map: true } as const;
  const slot = allocArea(state, request, steps);
  if (slot === NONE) {
    state.memory.nextFrame += count;
    return { kind: "refused" };
  }
  const start = state.areas.start[slot] as number;
  if (mapRange(state, start, add(state.word, start, count), count) === "mapped") {
    return { kind: "placed", start, mapStopped: false };
  }
  freeAreaLazily(state, slot, steps);
  return { kind: "refused" };
}
