/** Strongly connected components: the parts of a graph in which every node reaches every other. */

/** A directed graph. The targets of node n's edges are at `begins[n]` up to, not including, `begins[n + 1]`. */
export interface Edges {
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
