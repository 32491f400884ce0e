import { flushTlbKernelRange } from "../../../kernels/hardware/memory.ts";
import { linux } from "../../../kernels/vmap/index.ts";
import { extentOf } from "../../../kernels/vmap/lazy-extents.ts";
import { slotsOf } from "../../../kernels/vmap/purge-list.ts";
import { rulesOf } from "../../../kernels/vmap/releases.ts";
import { stepsFrom } from "../../../kernels/vmap/rules.ts";
import { vmapKernel } from "../../../kernels/vmap/vmap-kernel.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import type { Bug } from "../bug.ts";

const id = "purge-flushes-per-area";
const steps = stepsFrom(rulesOf("6.12"));

/** The shadow of an area has no addresses here: the area itself is flushed in its place. */
const flushing6_12 = vmapKernel(
  releaseOf("6.12"),
  {
    ...steps,
    purge: (state, dirty, pools) => {
      const purged = slotsOf(state.areas, state.purgeHead).map((slot) => extentOf(state, slot));
      steps.purge(state, dirty, pools);
      for (const { start, end } of purged) flushTlbKernelRange(state, start, end);
    },
  },
  id,
);

export const purgeFlushesPerArea: Bug = {
  id,
  number: "B13",
  says: "With KASAN, a purge unmaps the shadow of each area it releases and flushes every TLB for each: a purge of n areas flushes n + 1 times, and a CPU that purges many is stuck for seconds.",
  source:
    "the purge of the KASAN shadow, Adrian Huang, 2024-07-26, Fixes 282631cb2447 (6.9); again as 5747435e0fd4 (CVE-2026-43292, syzbot d8d4c31d40f868eaea30)",
  fixed: "6.13, and what was left of it in 2026 (5747435e0fd4)",
  changed: flushing6_12,
  violations: [
    {
      law: "one-flush-per-purge",
      on: [id],
      pinned: "one-flush-per-purge.json",
      repaired: linux("6.12"),
    },
  ],
  explains: () => true,
};
