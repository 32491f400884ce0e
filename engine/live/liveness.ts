/**
 * Liveness: looks for a run in which a condition that should end holds from some moment on, although every agent is
 * treated fairly. Weak fairness: an agent that can take a step in every state from some moment on takes one.
 *
 * Such a run, if there is one, is a lasso: a stem and then a loop, again and again. In a finite graph a fair loop
 * exists if and only if there is a strongly connected component of the states in which the condition holds where for
 * every agent there is a state in which it can take no step, or a step of its own inside the component: a loop through
 * all of the component is fair then (Emerson and Lei, "Modalities for Model Checking", 1987).
 *
 * States are not merged by symmetry: a loop of merged states may come back with its agents renumbered, so it shows
 * neither that the loop closes nor whose steps are in it. All orders of actions are taken: a partial-order reduction
 * preserves violations, but may leave out the one loop in which some agent waits.
 */
import { visitActions } from "../actions.ts";
import type { PackedMachine } from "../machine.ts";
import { agentsOf } from "../reduce/agents.ts";
import { endedBy, exploring } from "../search/explore.ts";
import type { Bounds, Explored, Progress, Stop } from "../search/visitable.ts";
import { type Lasso, lassoIn } from "./fair-loop.ts";
import { readGraph } from "./lasting-graph.ts";

/** The verdict on one condition that should end. */
export interface Lasted {
  readonly id: string;
  /** The lasso if the verdict is "broken". "bounded": no lasso among the states found. */
  readonly verdict: "holds" | "broken" | "bounded";
  readonly lasso: Lasso | undefined;
}

export interface Liveness {
  /** States found. */
  readonly states: number;
  readonly verdict: "holds" | "broken" | "bounded";
  /** What ended the visit of all states: the fixpoint, or a bound. */
  readonly ended: Explored["ended"];
  /** One for each condition that should end, in the machine's order. */
  readonly lasted: readonly Lasted[];
  readonly seconds: number;
}

/** All at once. Throws a RangeError as `findingLassos` does. */
export function findLassos(machine: PackedMachine, bounds: Bounds): Liveness {
  const work = findingLassos(machine, bounds);
  for (;;) {
    const { done, value } = work.next(false);
    if (done) return value;
  }
}

/**
 * Whether each of the machine's conditions ends, in turns of some milliseconds. Stopped after a turn, it ends as at a
 * bound. After a bound, a lasso among the known states is still real. An action whose assertion fails can be taken, and
 * leads nowhere. Throws a RangeError for a machine of more than 30 agents.
 */
export function* findingLassos(machine: PackedMachine, bounds: Bounds): Generator<Progress, Liveness, Stop> {
  const started = performance.now();
  const agents = agentsOf(machine);
  const visited = visitActions(machine, { symmetry: false });
  const explored = yield* exploring(visited, { bounds, enough: () => false });
  const { reached } = explored;
  let ended = explored.ended;
  const lasted: Lasted[] = [];
  for (const passing of machine.eventuallyEnds ?? []) {
    const { id } = passing;
    const reader = readGraph(machine, visited, reached, agents, passing);
    for (let left = reader.next(); ; left = reader.next()) {
      if (left.done) {
        const lasso = lassoIn(left.value, reached, agents);
        const verdict = lasso !== undefined ? "broken" : ended === "fixpoint" ? "holds" : "bounded";
        lasted.push({ id, verdict, lasso });
        break;
      }
      const queue = left.value;
      const bytes = reached.bytes;
      const progress = { states: reached.count, depth: explored.depth, queue, bytes, left: undefined };
      const stopped = endedBy(yield progress) ?? (bounds.isFull?.() ? "memory" : undefined);
      if (stopped === undefined) continue;
      ended = stopped;
      lasted.push({ id, verdict: "bounded", lasso: undefined });
      break;
    }
  }
  const verdicts = lasted.map(({ verdict }) => verdict);
  return {
    states: reached.count,
    verdict: verdicts.includes("broken") ? "broken" : verdicts.includes("bounded") ? "bounded" : "holds",
    ended,
    lasted,
    seconds: (performance.now() - started) / 1000,
  };
}
