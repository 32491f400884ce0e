/**
 * 6.1: the search makes room for alignments above a page again (9333fe98d0a6, 5.18), and too much that is lazy wakes
 * a worker (690467c81b1a, 5.18). Behaviour: recordings `6.1`.
 */
import { releaseOf } from "../../spec/vmap/releases.ts";
import { rules5_17 } from "./linux-5.17.ts";
import { withOverheadAbovePage } from "./search-tree.ts";
import { type TreeRules, treeKernel } from "./tree-kernel.ts";

export const rules6_1: TreeRules = { ...rules5_17, lookedFor: withOverheadAbovePage, purgesInline: false };

export const linux6_1 = treeKernel(releaseOf("6.1"), rules6_1);
