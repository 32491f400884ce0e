/** The agents that own a machine's steps, for liveness: every agent is treated fairly. */
import type { Action, PackedMachine } from "../machine.ts";

/** The most agents: each needs a bit of a signed number. */
const MOST_AGENTS = 30;

/** The agents, and which of them takes each action. */
export interface Agents {
  /** A bit for each. */
  readonly all: number;
  /** By action: the bit of its agent; 0 if it has none. */
  readonly of: Int32Array;
}

/** Throws a RangeError for more agents than have a bit each. */
export function agentsOf({ name, actions }: PackedMachine): Agents {
  const names = namesOfAgents(actions);
  if (names.length > MOST_AGENTS) {
    throw new RangeError(`${name} has ${names.length} agents, more than ${MOST_AGENTS}`);
  }
  const of = Int32Array.from(actions, ({ agent }) => (agent === undefined ? 0 : 1 << names.indexOf(agent)));
  return { all: 2 ** names.length - 1, of };
}

export function namesOfAgents(actions: readonly Action[]): string[] {
  return [...new Set(actions.flatMap(({ agent }) => (agent === undefined ? [] : [agent])))];
}
