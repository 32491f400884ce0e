/** Strongly connected components: the parts of a graph from each node of which there is a way to each other. */

/** A directed graph. Of node n, the targets of its edges stand from `begins[n]` to before `begins[n + 1]`. */
export interface Edges {
  /** One more than there are nodes. */
  readonly begins: Int32Array;
  readonly targets: Int32Array;
}

/**
 * By node, the number of its component, from 0; no edge leads from a component to one of a larger number. Tarjan,
 * "Depth-First Search and Linear Graph Algorithms", 1972, with a stack of its own in place of recursion: a search
 * through millions of states is as deep as there are states.
 */
export function componentsOf({ begins, targets }: Edges): Int32Array {
  const count = begins.length - 1;
  const component = new Int32Array(count).fill(-1);
  /** When a node was met, from 1; 0 if it was not. And the earliest met that is on the stack and can be come to. */
  const met = new Int32Array(count);
  const low = new Int32Array(count);
  /** The edge to follow next. */
  const next = begins.slice(0, count);
  /** The nodes on the way to the present one, and those met whose component is not known. */
  const way = new Int32Array(count);
  const open = new Int32Array(count);
  let [clock, components, opened] = [0, 0, 0];

  for (let root = 0; root < count; root++) {
    if (met[root] !== 0) continue;
    let depth = 0;
    way[0] = root;
    while (depth >= 0) {
      const node = way[depth] as number;
      if (met[node] === 0) {
        clock += 1;
        met[node] = clock;
        low[node] = clock;
        open[opened++] = node;
      }
      let child = -1;
      for (let edge = next[node] as number; edge < (begins[node + 1] as number); edge++) {
        const target = targets[edge] as number;
        if (met[target] === 0) {
          child = target;
          // Looked at again when it comes back, for how far back it can go by then.
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
      if (low[node] === met[node]) {
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
