/**
 * 6.12: areas on nodes, and pools of released extents by size (the series that ended with 7679ba6b36db, 6.9).
 * Behaviour: recordings `6.12`.
 */
import { releaseOf } from "../../spec/vmap/releases.ts";
import { blocks6_12 } from "./block-rules.ts";
import { rules6_5 } from "./linux-6.5.ts";
import { type NodeRules, nodeKernel } from "./node-kernel.ts";
import { findOnNodes, quarterOrAll } from "./nodes.ts";

export const rules6_12: NodeRules = {
  ...rules6_5,
  decay: quarterOrAll,
  find: findOnNodes,
  blocks: blocks6_12,
};

export const linux6_12 = nodeKernel(releaseOf("6.12"), rules6_12);
