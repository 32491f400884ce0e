/**
 * 2.6.28.10 and 2.6.30.4: 2.6.28 with a test against wrapping (7766970cc15a), still one short (A10); the
 * descriptor of a refused call goes back (2498ce42d3a3), and the purge reads its links in time (cbb766766b6,
 * seen in 2.6.30.4). Behaviour: recordings `2.6.28.10`, which `2.6.30.4` equals.
 */

import { releaseOf } from "../../spec/vmap/releases.ts";
import { giveBackDescriptor } from "./areas.ts";
import { rules2_6_28 } from "./linux-2.6.28.ts";
import { outside2_6_28_10 } from "./outside-rules.ts";
import { releaseReadingAhead } from "./purge.ts";
import { type UncachedRules, uncachedKernel } from "./uncached-kernel.ts";
import { lastByteWraps } from "./wrap-tests.ts";

export const rules2_6_28_10: UncachedRules = {
  ...rules2_6_28,
  wraps: lastByteWraps,
  outside: outside2_6_28_10,
  dropUnused: (state, slot) => giveBackDescriptor(state.areas, slot),
  release: releaseReadingAhead(() => {}),
};

export const linux2_6_28_10 = uncachedKernel(releaseOf("2.6.28.10"), rules2_6_28_10);
