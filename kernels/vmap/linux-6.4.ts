/**
 * 6.4: 6.1, with areas that say what they are for (869176a09606) and blocks found by their address, not by the CPU
 * that made them (062eacf57ad9). Behaviour: recordings `6.4`.
 */

import { releaseOf } from "../../spec/vmap/releases.ts";
import { blocks6_4 } from "./block-rules.ts";
import { rules6_1 } from "./linux-6.1.ts";
import { outside6_3 } from "./outside-rules.ts";
import { type TreeRules, treeKernel } from "./tree-kernel.ts";

export const rules6_4: TreeRules = { ...rules6_1, outside: outside6_3, blocks: blocks6_4 };

export const linux6_4 = treeKernel(releaseOf("6.4"), rules6_4);
