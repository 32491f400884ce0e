import type { InterleavedBug } from "../../interleaved.ts";

export const shadowSleeps: InterleavedBug = {
  id: "shadow-sleeps",
  number: "B20",
  says: "apply_to_page_range calls back in lazy MMU mode, in which nothing may sleep on some architectures; the callback allocates a page of shadow there and may wait for memory.",
  source: "b6ea95a34cbd, Alexander Gordeev",
  fixed: "6.15",
  violations: [
    {
      law: "sleeps-only-where-it-may",
      protocol: "contexts-5.5",
      also: ["contexts-5.17"],
      scope: { cpus: 1, shadow: 1 },
      pinned: "interleaving.json",
      repaired: "contexts-6.15",
    },
  ],
};
