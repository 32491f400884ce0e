/**
 * 3.1, 3.9 and 3.10.4: the cache without any page between areas (248ac0e1943a, 3.0). The scan's test became
 * `>`, the cache's stayed `size < cached_hole_size`: a hole of exactly that size is missed (A9). Behaviour:
 * recordings `3.1`, `3.9`, `3.10.4`, which are equal.
 */
import { releaseOf } from "../../spec/vmap/releases.ts";
import { type CachedRules, cachedKernel } from "./cached-kernel.ts";
import { rules2_6_39 } from "./linux-2.6.39.ts";

export const rules3_1: CachedRules = { ...rules2_6_39, afterArea: 0, beforeNext: 0 };

export const linux3_1 = cachedKernel(releaseOf("3.1"), rules3_1);
