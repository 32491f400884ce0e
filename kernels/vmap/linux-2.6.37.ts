/**
 * 2.6.37: the search of 2.6.28.10; PTEs are cleared at the free and only the TLB flush is lazy (64141da58724).
 * Behaviour: recordings `2.6.37`.
 */
import { releaseOf } from "../../spec/vmap/releases.ts";
import { blocks2_6_37 } from "./block-rules.ts";
import { unmappingAtFree } from "./cached-kernel.ts";
import { rules2_6_28_10 } from "./linux-2.6.28.10.ts";
import { uncachedKernel } from "./uncached-kernel.ts";

export const rules2_6_37 = { ...rules2_6_28_10, ...unmappingAtFree, blocks: blocks2_6_37 };

export const linux2_6_37 = uncachedKernel(releaseOf("2.6.37"), rules2_6_37);
