/**
 * 3.16: places areas as 3.10.65 does. Blocks are given out from the bottom up, which their dirty bitmap was not
 * made for (b8e748b6c320, 3.11; catalogue C5). find_vmap_area finds an area by any of its pages (cef2ac3f6c8a, 3.11). Behaviour: recordings `3.16`.
 */
import { releaseOf } from "../../spec/vmap/releases.ts";
import { blocks3_16 } from "./block-rules.ts";
import { type CachedRules, cachedKernel } from "./cached-kernel.ts";
import { findByAnyPage } from "./find.ts";
import { rules3_10_65 } from "./linux-3.10.65.ts";

export const rules3_16: CachedRules = { ...rules3_10_65, find: findByAnyPage, blocks: blocks3_16 };

export const linux3_16 = cachedKernel(releaseOf("3.16"), rules3_16);
