/**
 * 4.4: places areas as 3.16 does. New blocks go to the end of their CPU's list and are made with a map in them,
 * and what is given back is a range (68ac546f265e, cf725ce274ba, 7d61bfe8fdde; 4.1). vmap obeys VM_NO_GUARD (71394fe50146, 4.0). Behaviour: recordings `4.4`.
 */
import { releaseOf } from "../../spec/vmap/releases.ts";
import { blocks4_4 } from "./block-rules.ts";
import { type CachedRules, cachedKernel } from "./cached-kernel.ts";
import { rules3_16 } from "./linux-3.16.ts";

export const rules4_4: CachedRules = { ...rules3_16, obeysNoGuard: true, blocks: blocks4_4 };

export const linux4_4 = cachedKernel(releaseOf("4.4"), rules4_4);
