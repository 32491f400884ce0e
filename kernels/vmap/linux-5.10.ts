/**
 * 5.4 and 5.10: 5.2, but what is let go leaves the tree of busy areas at once (dd3b8353bae7), and percpu areas find
 * their room (5336e52c9e85, 5.3). Behaviour: recordings `5.10`, which `5.4` equals; none has percpu areas.
 */
import { releaseOf } from "../../spec/vmap/releases.ts";
import { apart } from "./lazy-extents.ts";
import { rules5_2 } from "./linux-5.2.ts";
import { sameExtent } from "./search-congruent.ts";
import { type TreeRules, treeKernel } from "./tree-kernel.ts";

export const rules5_10: TreeRules = { ...rules5_2, lazyExtents: apart, endsAbove: sameExtent };

export const linux5_10 = treeKernel(releaseOf("5.10"), rules5_10);
