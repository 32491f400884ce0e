/**
 * 2.6.39: the free-area cache of 89699605 with Hugh Dickins's corrections. A page is kept on both
 * sides of an area. Behaviour: recordings `2.6.39`; the cache's rules: catalogue section 2.
 */

import { releaseOf } from "../../spec/vmap/releases.ts";
import { flushCacheVunmap } from "../hardware/memory.ts";
import { blocks2_6_37 } from "./block-rules.ts";
import { byFlag, type CachedRules, cachedKernel, unmappingAtFree } from "./cached-kernel.ts";
import { outside2_6_28_10 } from "./outside-rules.ts";
import { cacheBeforeErase, reasonsToReset, startAtWindow } from "./search-cached.ts";
import { anyAddress } from "./search-uncached.ts";
import { unmapAliases } from "./vmap-kernel.ts";
import { align } from "./word-arithmetic.ts";
import { lastByteWraps } from "./wrap-tests.ts";

export const rules2_6_39: CachedRules = {
  wraps: lastByteWraps,
  afterArea: 1,
  beforeNext: 1,
  reasonsToReset,
  startUncached: startAtWindow,
  align,
  acceptable: anyAddress,
  lazyKeeping: byFlag,
  ...unmappingAtFree,
  cacheBeforeErase,
  flushCache: flushCacheVunmap,
  unmapAliases,
  outside: outside2_6_28_10,
  blocks: blocks2_6_37,
};

export const linux2_6_39 = cachedKernel(releaseOf("2.6.39"), rules2_6_39);
