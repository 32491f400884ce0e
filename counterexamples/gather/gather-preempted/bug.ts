import type { GatherTerms } from "../../../spec/gather/terms.ts";
import type { Bug } from "../../../spec/wing.ts";
import { changed, released } from "../changed.ts";

export const gatherPreempted: Bug<GatherTerms> = {
  id: "gather-preempted",
  number: undefined,
  says: "The array of 2.6 is its CPU's. Had its owner been allowed to sleep, the next gather on that CPU would have taken the same array, and the pages in it would never be freed.",
  source: "d16dfc550f53 gave gathers to their callers; planted in 2.6.39",
  fixed: "never released",
  changed: changed("2.6.39", "gather-preempted", { promises: { preemptible: true } }),
  violations: [
    {
      law: "nothing-lost",
      on: ["gather-preempted"],
      pinned: "nothing-lost.json",
      repaired: released("3.0.66"),
    },
  ],
  explains: () => true,
};
