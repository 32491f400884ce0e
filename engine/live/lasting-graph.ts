/** The part of a machine's states in which a condition holds: a graph. The condition lasts for ever in a loop of it. */
import type { EventuallyEnds, PackedMachine } from "../machine.ts";
import type { Agents } from "../reduce/agents.ts";
import { ConditionTable } from "../reduce/conditions.ts";
import { emptyBatch } from "../search/batch.ts";
import type { Reached, Visitable } from "../search/visitable.ts";
import type { Edges } from "./components.ts";

/** States between two turns. */
const TURN = 16_384;

/** The states in which a condition holds, nearest first, and the transitions between them. */
export interface Graph extends Edges {
  /** By node: the number of its state, ascending. */
  readonly numbers: Int32Array;
  /** By node: bits of the agents that can take a step. */
  readonly able: Int32Array;
  /** By edge: its action. */
  readonly by: Uint16Array;
}

/** Reads the graph from all states found, some thousand at a time. Yields how many are left to read. */
export function* readGraph(
  { words, actions }: PackedMachine,
  visited: Visitable,
  reached: Reached,
  agents: Agents,
  ending: EventuallyEnds,
): Generator<number, Graph, void> {
  const { numbers, nodeOf } = statesWith(reached, words, ending);
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
      if (batch.continues[nth] === 0) continue;
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
function statesWith(reached: Reached, words: number, { when, guard }: EventuallyEnds) {
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
