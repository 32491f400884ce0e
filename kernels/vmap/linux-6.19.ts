/**
 * 6.19 and 7.2: 6.12, whose pools decay by exactly a quarter, and callers that cannot wait. Behaviour: recordings
 * `6.19`, which `7.2` equals.
 */
import { releaseOf } from "../../spec/vmap/releases.ts";
import { rules6_12 } from "./linux-6.12.ts";
import { type NodeRules, nodeKernel } from "./node-kernel.ts";
import { quarter } from "./nodes.ts";

export const rules6_19: NodeRules = { ...rules6_12, decay: quarter, obeysNoblock: true };

export const linux6_19 = nodeKernel(releaseOf("6.19"), rules6_19);
