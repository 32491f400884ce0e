/**
 * 3.10.65: 3.1 with the wrap test `addr + size < addr` (bcb615a81b17, which 3.10.y took back from 3.11).
 * Behaviour: recordings `3.10.65`.
 */

import { releaseOf } from "../../spec/vmap/releases.ts";
import { blocks3_10_65 } from "./block-rules.ts";
import { type CachedRules, cachedKernel } from "./cached-kernel.ts";
import { rules3_1 } from "./linux-3.1.ts";
import { outside3_10 } from "./outside-rules.ts";
import { endWraps } from "./wrap-tests.ts";

export const rules3_10_65: CachedRules = {
  ...rules3_1,
  wraps: endWraps,
  outside: outside3_10,
  blocks: blocks3_10_65,
};

export const linux3_10_65 = cachedKernel(releaseOf("3.10.65"), rules3_10_65);
