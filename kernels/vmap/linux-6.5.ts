/**
 * 6.5 and 6.8: vm_unmap_aliases looks at every block (fc1e0d980037), flushes what is dirty only once (a09fad96ffb1)
 * and keeps blocks that may still be used (ca5e46c3400b). Behaviour: recordings `6.5` and `6.8`, which are equal.
 */
import { releaseOf } from "../../spec/vmap/releases.ts";
import { blocks6_5 } from "./block-rules.ts";
import { rules6_4 } from "./linux-6.4.ts";
import { type TreeRules, treeKernel } from "./tree-kernel.ts";
import { sweepAllBlocks } from "./vmap-kernel.ts";

export const rules6_5: TreeRules = { ...rules6_4, blocks: blocks6_5, unmapAliases: sweepAllBlocks };

export const linux6_5 = treeKernel(releaseOf("6.5"), rules6_5);
