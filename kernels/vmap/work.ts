/**
 * How a call that loops for ever is distinguished from a long one: by the number of turns of its loops. Every loop of a
 * kernel that might not end takes a turn each time round.
 */
import { LEAST_TURNS, NeverReturns } from "./bug.ts";
import type { State } from "./state.ts";

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
