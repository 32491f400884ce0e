/**
 * 4.15.18 as a distribution shipped it: 4.15 that also refuses an address below the window (afd07389d3f4,
 * written for 5.1), so an alignment that wraps to 0 is an ordinary refusal. Behaviour: recordings
 * `4.15.18-ubuntu`.
 */
import { releaseOf } from "../../spec/vmap/releases.ts";
import { type CachedRules, cachedKernel } from "./cached-kernel.ts";
import { rules4_15 } from "./linux-4.15.ts";
import { notBelowWindow } from "./search-uncached.ts";

export const rules4_15_18_ubuntu: CachedRules = {
  ...rules4_15,
  acceptable: notBelowWindow,
};

export const linux4_15_18_ubuntu = cachedKernel(releaseOf("4.15.18-ubuntu"), rules4_15_18_ubuntu);
