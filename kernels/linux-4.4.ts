/** 4.4: places areas as 3.10.65 does. Behaviour: recordings `4.4`. */
import { releaseOf } from "../spec/releases.ts";
import { cachedKernel } from "./cached-kernel.ts";
import { rules3_10_65 } from "./linux-3.10.65.ts";

export const linux4_4 = cachedKernel(releaseOf("4.4"), rules3_10_65);
