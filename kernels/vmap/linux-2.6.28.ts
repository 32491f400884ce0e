/**
 * 2.6.28, the rewrite of db64fe02 (seeds 000, 003) as it was released: areas in a red-black tree, the lowest
 * fit searched from the window's start, a page kept after each area, PTEs left until the purge. It has no
 * test against wrapping (A4), keeps the descriptor of a refused call (A5) and reads a freed link while it
 * releases (B2). Behaviour: recordings `2.6.28`; catalogue section 4.
 */

import { releaseOf } from "../../spec/vmap/releases.ts";
import { flushCacheVunmap } from "../hardware/memory.ts";
import { blocks2_6_28 } from "./block-rules.ts";
import { outside2_6_28 } from "./outside-rules.ts";
import { releaseReadingBehind, unmapEach } from "./purge.ts";
import { anyAddress, searchUncached } from "./search-uncached.ts";
import { type UncachedRules, uncachedKernel } from "./uncached-kernel.ts";
import { unmapAliases } from "./vmap-kernel.ts";
import { align } from "./word-arithmetic.ts";
import { neverWraps } from "./wrap-tests.ts";

export const rules2_6_28: UncachedRules = {
  wraps: neverWraps,
  beforeNext: 0,
  align,
  acceptable: anyAddress,
  searchAgain: searchUncached,
  dropUnused: () => {},
  unmapFreed: () => {},
  unmapGathered: unmapEach,
  release: releaseReadingBehind,
  flushCache: flushCacheVunmap,
  unmapAliases,
  outside: outside2_6_28,
  blocks: blocks2_6_28,
};

export const linux2_6_28 = uncachedKernel(releaseOf("2.6.28"), rules2_6_28);
