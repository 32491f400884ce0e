/** 3.16: places areas as 3.10.65 does. Behaviour: recordings `3.16`. */
import { releaseOf } from "../spec/releases.ts";
import { cachedKernel } from "./cached-kernel.ts";
import { rules3_10_65 } from "./linux-3.10.65.ts";

export const linux3_16 = cachedKernel(releaseOf("3.16"), rules3_10_65);
