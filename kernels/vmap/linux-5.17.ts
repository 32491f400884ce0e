/**
 * 5.17: searches for the plain size, and goes back up the tree as often as it must (9f531973dff3, 5.16): the lowest
 * fit, whatever the alignment. VM_NO_GUARD is warned about and ignored by vmap (bd1a8fb2d43f, 5.16). Behaviour: recordings `5.17`.
 */
import { releaseOf } from "../../spec/vmap/releases.ts";
import { rules5_11 } from "./linux-5.11.ts";
import { plainSize } from "./search-tree.ts";
import { type TreeRules, treeKernel } from "./tree-kernel.ts";

export const rules5_17: TreeRules = {
  ...rules5_11,
  lookedFor: plainSize,
  shiftsStart: true,
  obeysNoGuard: false,
};

export const linux5_17 = treeKernel(releaseOf("5.17"), rules5_17);
