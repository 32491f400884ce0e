/** A shortest way into a loop that is fair to every agent, and such a loop: liveness.ts says when one exists. */
import type { Agents } from "../reduce/agents.ts";
import { actionsTo } from "../search/explore.ts";
import type { Reached } from "../search/visitable.ts";
import { componentsOf, type Graph } from "./lasting-graph.ts";

/** A run that never ends, as indices of actions. */
export interface Lasso {
  /** From the initial state to the first of the loop: a shortest way into any loop that can be found. */
  readonly stem: readonly number[];
  /** From there back to it. Empty if the run ends in a state in which no agent can take a step. */
  readonly loop: readonly number[];
}

/** How many equally near entries of loops are tried: the loop from another one may be shorter. */
const MOST_ENTRIES = 16;
/**
 * Nodes of a search for a loop, about 100 MB. The loop is a shortest one if the component's states times the sets of
 * agents do not exceed this. Otherwise the agents are served some at a time.
 */
const MOST_NODES = 2 ** 24;

/**
 * A lasso of the shortest stem; undefined if there is none. Among equally near ones, one with the shortest loop tried.
 */
export function lassoIn(graph: Graph, reached: Reached, agents: Agents): Lasso | undefined {
  const component = componentsOf(graph);
  const fair = fairOf(graph, component, agents);
  let found: Lasso | undefined;
  let tried = 0;
  for (let node = 0; node < component.length && tried < MOST_ENTRIES; node++) {
    const stays = graph.able[node] === 0;
    if (!stays && fair[component[node] as number] === 0) continue;
    const stem = actionsTo(reached, graph.numbers[node] as number);
    if (found !== undefined && stem.length > found.stem.length) break;
    tried += 1;
    const loop = stays ? [] : loopFrom(node, graph, component, agents);
    if (found === undefined || loop.length < found.loop.length) found = { stem, loop };
  }
  return found;
}

/** By component: 1 if a loop through all of it is fair to every agent. */
function fairOf({ begins, targets, by, able }: Graph, component: Int32Array, agents: Agents): Uint8Array {
  const count = component.reduce((most, each) => Math.max(most, each), -1) + 1;
  /** Bits of the agents that take a step inside it, or are disabled somewhere in it. */
  const served = new Int32Array(count);
  const loops = new Uint8Array(count);
  for (let node = 0; node < component.length; node++) {
    const here = component[node] as number;
    let bits = ~(able[node] as number);
    for (let edge = begins[node] as number; edge < (begins[node + 1] as number); edge++) {
      if (component[targets[edge] as number] !== here) continue;
      loops[here] = 1;
      bits |= agents.of[by[edge] as number] as number;
    }
    served[here] = (served[here] as number) | bits;
  }
  return loops.map((loop, nth) => (((served[nth] as number) & agents.all) === agents.all ? loop : 0));
}

/**
 * A loop from a node of a fair component that serves every agent. The shortest, if the search for it is not too large;
 * otherwise as many agents at a time as fit, each time by a shortest way from the end of the last.
 */
function loopFrom(entry: number, graph: Graph, component: Int32Array, agents: Agents): number[] {
  const members = membersOf(component, component[entry] as number);
  const together = Math.max(1, Math.floor(Math.log2(MOST_NODES / members.size)));
  const loop: number[] = [];
  let at = entry;
  let left = bitsIn(agents.all & (graph.able[entry] as number));
  while (left.length > together) {
    const walk = walkFrom(at, { graph, members, agents, serving: left.slice(0, together), to: undefined });
    loop.push(...walk.actions);
    at = walk.end;
    left = left.slice(together);
  }
  loop.push(...walkFrom(at, { graph, members, agents, serving: left, to: entry }).actions);
  return loop;
}

/** The nodes of a component, numbered from 0. */
interface Members {
  readonly size: number;
  /** By node: its number among the members; -1 if it is none. */
  readonly numberOf: Int32Array;
  readonly nodes: Int32Array;
}

function membersOf(component: Int32Array, which: number): Members {
  const numberOf = new Int32Array(component.length).fill(-1);
  let size = 0;
  for (let node = 0; node < component.length; node++) if (component[node] === which) numberOf[node] = size++;
  const nodes = new Int32Array(size);
  for (let node = 0; node < component.length; node++) {
    if (component[node] === which) nodes[numberOf[node] as number] = node;
  }
  return { size, numberOf, nodes };
}

interface Walk {
  readonly graph: Graph;
  readonly members: Members;
  readonly agents: Agents;
  /** The bits of those that it has to serve. */
  readonly serving: readonly number[];
  /** The node it ends at; undefined if anywhere. */
  readonly to: number | undefined;
}

/**
 * A shortest walk of one step or more inside a component, serving these agents: breadth first, with a node for each
 * member and each set of agents already served.
 */
function walkFrom(
  from: number,
  { graph, members, agents, serving, to }: Walk,
): { actions: number[]; end: number } {
  const { begins, targets, by, able } = graph;
  const wide = serving.length;
  const all = 2 ** wide - 1;
  const size = members.size * 2 ** wide;
  const cameFrom = new Int32Array(size).fill(-1);
  const cameBy = new Uint16Array(size);
  const queue = new Int32Array(size);
  /** Which of these bits are among those served, a bit each in their order. */
  const marks = (bits: number) =>
    serving.reduce((marked, bit, nth) => ((bits & bit) === 0 ? marked : marked | (1 << nth)), 0);

  const start = ((members.numberOf[from] as number) << wide) | marks(~(able[from] as number));
  let [head, tail] = [0, 1];
  queue[0] = start;
  cameFrom[start] = start;
  while (head < tail) {
    const here = queue[head++] as number;
    const node = members.nodes[here >>> wide] as number;
    for (let edge = begins[node] as number; edge < (begins[node + 1] as number); edge++) {
      const target = targets[edge] as number;
      const member = members.numberOf[target] as number;
      if (member < 0) continue;
      const action = by[edge] as number;
      const served = (here & all) | marks((agents.of[action] as number) | ~(able[target] as number));
      if (served === all && (to === undefined || target === to)) {
        const actions = [action];
        for (let at = here; at !== start; at = cameFrom[at] as number) actions.push(cameBy[at] as number);
        return { actions: actions.reverse(), end: target };
      }
      const there = (member << wide) | served;
      if (cameFrom[there] !== -1) continue;
      cameFrom[there] = here;
      cameBy[there] = action;
      queue[tail++] = there;
    }
  }
  throw new Error("a fair component without a fair loop");
}

function bitsIn(set: number): number[] {
  const bits: number[] = [];
  for (let left = set; left !== 0; left &= left - 1) bits.push(left & -left);
  return bits;
}
