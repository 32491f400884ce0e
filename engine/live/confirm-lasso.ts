/** Whether a lasso is real, by the machine itself. */

import type { EventuallyEnds, PackedMachine } from "../machine.ts";
import { failedIn, isEnabled } from "../machine.ts";
import { namesOfAgents } from "../reduce/agents.ts";
import { meets } from "../reduce/conditions.ts";
import type { Lasso } from "./fair-loop.ts";

/**
 * Whether a lasso confirms that something lasts: its stem can be taken from the initial state, its loop from there
 * leads back, the condition holds all along the loop, and every agent takes a step in the loop or is disabled somewhere
 * in it. The machine itself is asked, without the tables and numbers by which the lasso was found.
 */
export function confirmLasso(machine: PackedMachine, ending: EventuallyEnds, { stem, loop }: Lasso): boolean {
  const state = new Int32Array(machine.words);
  machine.initial(state);
  if (!stem.every((index) => takes(machine, index, state))) return false;
  const entry = state.slice();
  const served = new Set<string>();
  const look = () => {
    for (const agent of namesOfAgents(machine.actions)) {
      const steps = machine.actions.filter((action) => action.agent === agent);
      if (!steps.some((action) => isEnabled(action, state))) served.add(agent);
    }
    return lasts(ending, state);
  };
  if (!look()) return false;
  for (const index of loop) {
    if (!takes(machine, index, state) || !look()) return false;
    const agent = machine.actions[index]?.agent;
    if (agent !== undefined) served.add(agent);
  }
  const isBack = state.every((word, at) => word === entry[at]);
  return isBack && namesOfAgents(machine.actions).every((agent) => served.has(agent));
}

/** Whether the condition that should end holds in this state. */
const lasts = ({ when, guard }: EventuallyEnds, state: Int32Array) =>
  meets(state, when) && guard?.(state) !== false;

/** Takes an action, if it can be taken and asserts nothing that fails. */
function takes({ actions }: PackedMachine, index: number, state: Int32Array): boolean {
  const action = actions[index];
  if (action === undefined || !isEnabled(action, state) || failedIn(action, state).length > 0) return false;
  action.effect(state);
  return true;
}
