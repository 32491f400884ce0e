/**
 * 5.2: free space in a tree augmented with the size of the largest extent below each node (68ad4a330433), searched
 * for the size and whatever an alignment may cost. Of percpu areas it misses room (catalogue A12). Behaviour: recordings `5.2`.
 */

import { releaseOf } from "../../spec/vmap/releases.ts";
import { blocks4_4 } from "./block-rules.ts";
import { amongAreas } from "./lazy-extents.ts";
import { outside3_10 } from "./outside-rules.ts";
import { extentBelow } from "./search-congruent.ts";
import { withOverhead } from "./search-tree.ts";
import { type TreeRules, treeKernel } from "./tree-kernel.ts";
import { unmapAliases } from "./vmap-kernel.ts";

export const rules5_2: TreeRules = {
  lookedFor: withOverhead,
  shiftsStart: false,
  endsAbove: extentBelow,
  lazyExtents: amongAreas,
  purgesInline: true,
  unmapAliases,
  obeysNoGuard: true,
  outside: outside3_10,
  blocks: blocks4_4,
};

export const linux5_2 = treeKernel(releaseOf("5.2"), rules5_2);
