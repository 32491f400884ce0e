/**
 * What lasts for ever that should pass: a run in which a condition holds from some moment on, although every agent
 * is treated fairly. Weak fairness: an agent that can take a step in every state from some moment on takes one.
 *
 * Such a run, if there is one, is a lasso: a stem and then a loop, again and again. In a finite graph a fair loop
 * exists if and only if there is a strongly connected component of the states in which the condition holds where
 * for every agent there is a state in which it can take no step, or a step of its own inside the component: a loop
 * through all of the component is fair then (Emerson and Lei, "Modalities for Model Checking", 1987).
 *
 * States are not merged by symmetry: a loop of merged states may come back with its agents renumbered, so neither
 * that it closes nor whose steps are in it can be seen there. And all orders of actions are tried: what a
 * partial-order reduction leaves out is not missed by a break, but may be the one loop in which some agent waits.
 */
import {
  type Action,
  failedIn,
  isEnabled,
  type PackedMachine,
  type Passing,
  visitActions,
} from "./actions.ts";
import { emptyBatch } from "./batch.ts";
import { componentsOf, type Edges } from "./components.ts";
import { ConditionTable, meets } from "./conditions.ts";
import { actionsTo, type Bounds, type Explored, exploring, type Progress, type Reached } from "./explore.ts";

/** A run that never ends, as indices of actions. */
export interface Lasso {
  /** From the initial state to the first of the loop: a shortest way into any loop that can be told. */
  readonly stem: readonly number[];
  /** From there back to it. Empty if nothing more happens: no agent can take a step then. */
  readonly loop: readonly number[];
}

/** What became of something that should pass. */
export interface Lasted {
  readonly id: string;
  /** Broken: here is how it lasts. Bounded: no lasso among the states met. */
  readonly verdict: "holds" | "broken" | "bounded";
  readonly lasso: Lasso | undefined;
}

export interface Liveness {
  /** States met. */
  readonly states: number;
  readonly verdict: "holds" | "broken" | "bounded";
  /** What ended the visit of all states: the fixpoint, or a bound. */
  readonly ended: Explored["ended"];
  /** One for each condition that should pass, in the machine's order. */
  readonly lasted: readonly Lasted[];
  readonly seconds: number;
}

/** As many as have a bit each in a signed number. */
const MOST_AGENTS = 30;
/** States between two looks at the clock. */
const TURN = 16_384;
/** Entries of loops tried, of those equally near: the loop from another of them may be shorter. */
const MOST_ENTRIES = 16;
/**
 * Nodes of a search for a loop, which is the shortest if a node for each state of the component and each set of
 * agents is no more than that: 100 MB. Else the agents are satisfied some at a time.
 */
const MOST_NODES = 2 ** 24;

/** All at once. Throws a RangeError as `findingLassos` does. */
export function findLassos(machine: PackedMachine, bounds: Bounds): Liveness {
  const work = findingLassos(machine, bounds);
  for (;;) {
    const { done, value } = work.next(false);
    if (done) return value;
  }
}

/**
 * Whether each of the machine's conditions passes, in turns of some milliseconds; sent true after one, it ends there
 * as at a bound. Where the bound was met, a lasso among the states known is still a real one. An action whose
 * assertion fails can be taken, and leads nowhere. Throws a RangeError for a machine of more than 30 agents.
 */
export function* findingLassos(
  machine: PackedMachine,
  bounds: Bounds,
): Generator<Progress, Liveness, boolean> {
  const started = performance.now();
  const agents = agentsOf(machine);
  const visited = visitActions(machine, { symmetry: false });
  const explored = yield* exploring(visited, { bounds, enough: () => false });
  const { reached } = explored;
  let ended = explored.ended;
  const lasted: Lasted[] = [];
  for (const passing of machine.passing ?? []) {
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
      const stop = yield { states: reached.count, depth: explored.depth, queue, bytes, left: undefined };
      const late = performance.now() - started > bounds.milliseconds;
      if (!stop && !late) continue;
      ended = stop ? "request" : "time";
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

/** The agents, and which of them takes each action. */
interface Agents {
  /** A bit for each. */
  readonly all: number;
  /** By action: the bit of its agent; 0 if it is nobody's. */
  readonly of: Int32Array;
}

function agentsOf({ name, actions }: PackedMachine): Agents {
  const names = namesOfAgents(actions);
  if (names.length > MOST_AGENTS) {
    throw new RangeError(`${name} has ${names.length} agents, more than ${MOST_AGENTS}`);
  }
  const of = Int32Array.from(actions, ({ agent }) => (agent === undefined ? 0 : 1 << names.indexOf(agent)));
  return { all: 2 ** names.length - 1, of };
}

function namesOfAgents(actions: readonly Action[]): string[] {
  return [...new Set(actions.flatMap(({ agent }) => (agent === undefined ? [] : [agent])))];
}

/** The states in which a condition holds, nearest first, and what leads from one of them to another. */
interface Graph extends Edges {
  /** By node: the number of its state, ascending. */
  readonly numbers: Int32Array;
  /** By node: bits of the agents that can take a step. */
  readonly able: Int32Array;
  /** By edge: its action. */
  readonly by: Uint16Array;
}

/** Reads the graph out of all states met, some thousand at a time: how many are left to read. */
function* readGraph(
  { words, actions }: PackedMachine,
  visited: ReturnType<typeof visitActions>,
  reached: Reached,
  agents: Agents,
  passing: Passing,
): Generator<number, Graph, void> {
  const { numbers, nodeOf } = statesWith(reached, words, passing);
  const count = numbers.length;
  const begins = new Int32Array(count + 1);
  const able = new Int32Array(count);
  let targets = new Int32Array(4 * count + 16);
  let by = new Uint16Array(targets.length);
  let edges = 0;
  const batch = emptyBatch(words, actions.length);
  const form = new Int32Array(words);
  for (let node = 0; node < count; node++) {
    if (node % TURN === TURN - 1) yield count - node;
    batch.count = 0;
    visited.expand(numbers[node] as number, reached, batch);
    if (edges + batch.count > targets.length) {
      targets = grown(targets, new Int32Array(targets.length * 2 + batch.count));
      by = grown(by, new Uint16Array(targets.length));
    }
    for (let nth = 0; nth < batch.count; nth++) {
      const action = batch.by[nth] as number;
      able[node] = (able[node] as number) | (agents.of[action] as number);
      if (batch.goesOn[nth] === 0) continue;
      for (let word = 0; word < words; word++) form[word] = batch.forms[nth * words + word] as number;
      const number = reached.find(form);
      const target = number < 0 ? -1 : (nodeOf[number] as number);
      if (target < 0) continue;
      targets[edges] = target;
      by[edges++] = action;
    }
    begins[node + 1] = edges;
  }
  return { numbers, able, begins, targets: targets.subarray(0, edges), by: by.subarray(0, edges) };
}

/** The numbers of the states in which a condition holds, and which of these each state is, or -1. */
function statesWith(reached: Reached, words: number, { when, guard }: Passing) {
  const condition = new ConditionTable([when]);
  const nodeOf = new Int32Array(reached.count).fill(-1);
  const state = new Int32Array(words);
  let count = 0;
  for (let number = 0; number < nodeOf.length; number++) {
    reached.read(number, state);
    if (condition.find(state, 0) && guard?.(state) !== false) nodeOf[number] = count++;
  }
  const numbers = new Int32Array(count);
  for (let number = 0; number < nodeOf.length; number++) {
    const node = nodeOf[number] as number;
    if (node >= 0) numbers[node] = number;
  }
  return { numbers, nodeOf };
}

function grown<T extends Int32Array | Uint16Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** A lasso of the shortest stem; undefined if there is none. Of those as near, one of the shortest loop tried. */
function lassoIn(graph: Graph, reached: Reached, agents: Agents): Lasso | undefined {
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
  /** Bits of the agents that take a step inside it, or cannot somewhere. */
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
 * A loop from a node of a fair component that serves every agent. The shortest, if the search for it is not too
 * large; else as many agents at a time as can be, each time by a shortest way from where the last ended.
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

/**
 * Whether a lasso confirms that something lasts: its stem can be taken from the initial state, its loop from there
 * leads back, the condition holds all along the loop, and every agent takes a step in it or cannot somewhere. All is
 * asked of the machine itself, without what was looked up or numbered to find it.
 */
export function confirmLasso(machine: PackedMachine, passing: Passing, { stem, loop }: Lasso): boolean {
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
    return lasts(passing, state);
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

/** Whether what should pass is so in this state. */
const lasts = ({ when, guard }: Passing, state: Int32Array) => meets(state, when) && guard?.(state) !== false;

/** Takes an action, if it can be taken and asserts nothing that fails. */
function takes({ actions }: PackedMachine, index: number, state: Int32Array): boolean {
  const action = actions[index];
  if (action === undefined || !isEnabled(action, state) || failedIn(action, state).length > 0) return false;
  action.effect(state);
  return true;
}
