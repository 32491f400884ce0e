/**
 * 5.11: what is lazy is kept by address and joined to its neighbours (96e2db456135), so a purge gives it back in
 * another order than 5.10 and the free tree takes another shape. Behaviour: recordings `5.11`.
 */
import { releaseOf } from "../../spec/vmap/releases.ts";
import { byAddress } from "./lazy-extents.ts";
import { rules5_10 } from "./linux-5.10.ts";
import { type TreeRules, treeKernel } from "./tree-kernel.ts";

export const rules5_11: TreeRules = { ...rules5_10, lazyExtents: byAddress };

export const linux5_11 = treeKernel(releaseOf("5.11"), rules5_11);
