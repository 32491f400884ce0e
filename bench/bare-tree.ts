/** A red-black tree of the kernels' kind with keys and nothing else: what `act` is measured against. */

import { erase, linkAndColour, type TreeLinks } from "../kernels/structures/rbtree.ts";
import { NONE } from "../kernels/vmap/areas.ts";

export class BareTree {
  readonly #keys: Float64Array;
  readonly #links: TreeLinks;

  constructor(capacity: number) {
    this.#keys = new Float64Array(capacity);
    this.#links = {
      left: new Int32Array(capacity),
      right: new Int32Array(capacity),
      parent: new Int32Array(capacity),
      red: new Uint8Array(capacity),
      root: NONE,
    };
  }

  /** Descends to where the key belongs and links the node there. */
  insert(node: number, key: number): void {
    const keys = this.#keys;
    const links = this.#links;
    keys[node] = key;
    let above = NONE;
    let here = links.root;
    let asLeft = false;
    while (here !== NONE) {
      above = here;
      asLeft = key < (keys[here] as number);
      here = (asLeft ? links.left[here] : links.right[here]) as number;
    }
    linkAndColour(links, node, above, asLeft);
  }

  erase(node: number): void {
    erase(this.#links, node);
  }
}
