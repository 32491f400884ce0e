/**
 * How a call that loops for ever is distinguished from a long one: by the number of turns of its loops. Every loop of a
 * kernel that might not end takes a turn each time round.
 */
import type { State } from "./state.ts";

/** Thrown if a call takes more turns than any that returns. `act` turns it into a reply. */
export class NeverReturns extends Error {}

/** Of a scan that has passed more areas than exist: detected this way where taking turns would cost too much. */
export const ROUND_THE_LIST = "alloc_vmap_area: the scan goes round and round";

/** Turns that any call may take, and more for each area, block and free extent it may have to look at. */
export const LEAST_TURNS = 1024;
const TURNS_FOR_EACH = 64;

/** Once round a loop. `where` says which: the kernel's function. An outer loop may be the one that never ends. */
export function takeTurn(state: State, where: string): void {
  state.turns += 1;
  if (state.turns > state.mostTurns) allowMore(state, where);
}

/** A call that makes things may also look at them: they are counted when the turns run out. */
function allowMore(state: State, where: string): void {
  const { areas, blocks, free } = state;
  state.mostTurns = LEAST_TURNS + TURNS_FOR_EACH * (areas.used + blocks.used + free.used);
  if (state.turns > state.mostTurns) throw new NeverReturns(`last seen in ${where}`);
}
