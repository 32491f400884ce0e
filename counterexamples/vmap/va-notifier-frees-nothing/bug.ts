import { purgeNow } from "../../../kernels/vmap/area-calls.ts";
import { linux } from "../../../kernels/vmap/index.ts";
import { rulesOf } from "../../../kernels/vmap/releases.ts";
import { stepsFrom } from "../../../kernels/vmap/rules.ts";
import { NO_ROOM } from "../../../kernels/vmap/search-uncached.ts";
import type { Steps } from "../../../kernels/vmap/steps.ts";
import { vmapKernel } from "../../../kernels/vmap/vmap-kernel.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import type { Bug } from "../bug.ts";

const id = "va-notifier-frees-nothing";

const steps = stepsFrom(rulesOf("6.1"));

/** The loop takes no turn of its own: the functions it calls take turns (kernels/vmap/work.ts). */
const searchAgain: Steps["searchAgain"] = (state, request) => {
  for (;;) {
    const start = steps.search(state, request);
    if (start !== NO_ROOM) return start;
    purgeNow(state, steps);
  }
};

export const vaNotifierFreesNothing: Bug = {
  id,
  number: undefined,
  says: "A caller of vmap_notify_list says each time that it freed something, and frees nothing: an allocation that finds no room purges and searches again, for ever.",
  source: "a mutant of alloc_vmap_area, which from 4.7 on tries again where a notifier freed something",
  fixed: "never released",
  changed: vmapKernel(releaseOf("6.1"), { ...steps, searchAgain }, id),
  violations: [{ law: "calls-return", on: [id], pinned: "calls-return.json", repaired: linux("6.1") }],
  explains: () => true,
};
