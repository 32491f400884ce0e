/**
 * 4.15.0, 4.19 and 5.0.1: 4.4 with lazy areas on a list of their own (80c4bd7a5e4d, 4.7), so that a purge
 * releases the newest first. Behaviour: recordings `4.15.0`, which `4.19` and `5.0.1` equal.
 */
import { releaseOf } from "../../spec/vmap/releases.ts";
import { byList, type CachedRules, cachedKernel } from "./cached-kernel.ts";
import { rules4_4 } from "./linux-4.4.ts";

export const rules4_15: CachedRules = { ...rules4_4, lazyKeeping: byList };

export const linux4_15 = cachedKernel(releaseOf("4.15.0"), rules4_15);
