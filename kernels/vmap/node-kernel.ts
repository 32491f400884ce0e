/** The kernels that keep areas on nodes, and what is released in pools: 6.9 and later. */
import type { Kernel } from "../../spec/vmap/kernel.ts";
import type { Promises } from "../../spec/vmap/releases.ts";
import { byNode, type Decay, noteNode, onNodes, shownPools, takeFromPool } from "./nodes.ts";
import { NO_ROOM } from "./search-uncached.ts";
import type { State } from "./state.ts";
import { type TreeRules, treeSteps } from "./tree-kernel.ts";
import { type Steps, vmapKernel } from "./vmap-kernel.ts";

/** The steps in which these releases, and their bugs, differ. */
export interface NodeRules extends Omit<TreeRules, "lazyExtents"> {
  readonly decay: Decay;
  readonly obeysNoblock?: true;
  readonly find: Steps["find"];
}

/** A kernel of this family, named after the release unless it is a changed one. */
export function nodeKernel(release: Promises, rules: NodeRules, name?: string): Kernel<State> {
  return vmapKernel(release, nodeSteps(rules), name);
}

/** The steps of a call under these rules. */
export function nodeSteps(rules: NodeRules): Steps {
  const steps = treeSteps({ ...rules, lazyExtents: onNodes(rules.decay) });
  return {
    ...steps,
    // The pools are asked once: after a purge they are empty.
    search: (state, request) => {
      const pooled = state.initialised ? takeFromPool(state, request) : NO_ROOM;
      return pooled === NO_ROOM ? steps.search(state, request) : pooled;
    },
    find: rules.find,
    placed: noteNode,
    obeysNoblock: rules.obeysNoblock ?? false,
    orderAreas: byNode,
    dumpMore: (state) => ({ ...steps.dumpMore?.(state), pool: shownPools(state) }),
    paths: [...steps.paths, "placedFromPool"],
  };
}
