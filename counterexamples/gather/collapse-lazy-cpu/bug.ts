import { rulesOf } from "../../../kernels/gather/index.ts";
import type { GatherTerms } from "../../../spec/gather/terms.ts";
import type { Bug } from "../../../spec/wing.ts";
import { changed, released } from "../changed.ts";

/** A flush that does not say that a table goes: lazy CPUs pass it. */
const saysNothing = changed("6.19.10", "collapse-lazy-cpu", {
  steps: {
    collapse: (state, command) => {
      rulesOf("gather-6.19.10").steps.collapse(state, command);
      state.events = state.events.map((event) =>
        event.kind === "flush" ? { ...event, freedTables: 0 } : event,
      );
    },
  },
});

export const collapseLazyCpu: Bug<GatherTerms> = {
  id: "collapse-lazy-cpu",
  number: "D17",
  says: "khugepaged flushes as if only entries had been cleared. CPUs that keep the mm lazily pass such a flush, and their walk caches lead to the table that is freed.",
  source: "3ef938c35035, Jann Horn, 2025; planted in 6.19.10",
  fixed: "6.15",
  changed: saysNothing,
  violations: (["flush-covers", "table-after-flush", "freed-table-not-walked"] as const).map((law) => ({
    law,
    on: ["collapse-lazy-cpu"],
    pinned: `${law}.json`,
    repaired: released("6.19.10"),
  })),
  explains: () => true,
};
