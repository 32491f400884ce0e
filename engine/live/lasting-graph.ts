/** The part of a machine's states in which a condition holds: a graph. The condition lasts for ever in a loop of it. */
import type { EventuallyEnds, PackedMachine } from "../machine.ts";
import type { Agents } from "../reduce/agents.ts";
import { ConditionTable } from "../reduce/conditions.ts";
import { emptyBatch } from "../search/batch.ts";
import type { Reached, Visitable } from "../search/visitable.ts";

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

// Strongly connected components: the parts of a graph in which every node reaches every other.

/** A directed graph. The targets of node n's edges are at `begins[n]` up to, not including, `begins[n + 1]`. */
interface Edges {
  /** One more than there are nodes. */
  readonly begins: Int32Array;
  readonly targets: Int32Array;
}

/**
 * By node, the number of its component, from 0; no edge leads from a component to one of a larger number. Tarjan,
 * "Depth-First Search and Linear Graph Algorithms", 1972, with an explicit stack in place of recursion: a search
 * through millions of states can be as deep as their number.
 */
export function componentsOf({ begins, targets }: Edges): Int32Array {
  const count = begins.length - 1;
  const component = new Int32Array(count).fill(-1);
  /**
   * By node: its order of discovery, from 1, or 0 if not discovered; and the earliest node on the stack that it
   * reaches.
   */
  const order = new Int32Array(count);
  const low = new Int32Array(count);
  /** The edge to follow next. */
  const next = begins.slice(0, count);
  /** The nodes on the path to the current one, and the discovered nodes whose component is not known. */
  const way = new Int32Array(count);
  const open = new Int32Array(count);
  let [clock, components, opened] = [0, 0, 0];

  for (let root = 0; root < count; root++) {
    if (order[root] !== 0) continue;
    let depth = 0;
    way[0] = root;
    while (depth >= 0) {
      const node = way[depth] as number;
      if (order[node] === 0) {
        clock += 1;
        order[node] = clock;
        low[node] = clock;
        open[opened++] = node;
      }
      let child = -1;
      for (let edge = next[node] as number; edge < (begins[node + 1] as number); edge++) {
        const target = targets[edge] as number;
        if (order[target] === 0) {
          child = target;
          // Looked at again on return: by then it is known how far back the target reaches.
          next[node] = edge;
          break;
        }
        if (component[target] === -1) low[node] = Math.min(low[node] as number, low[target] as number);
        next[node] = edge + 1;
      }
      if (child >= 0) {
        way[++depth] = child;
        continue;
      }
      if (low[node] === order[node]) {
        let member: number;
        do {
          member = open[--opened] as number;
          component[member] = components;
        } while (member !== node);
        components += 1;
      }
      depth -= 1;
    }
  }
  return component;
}
