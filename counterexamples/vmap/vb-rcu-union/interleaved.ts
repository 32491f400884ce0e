import type { InterleavedBug } from "../../interleaved.ts";

export const vbRcuUnion: InterleavedBug = {
  id: "vb-rcu-union",
  number: "C1",
  says: "The links of a block on its queue and its rcu_head share memory, and a block that is removed points at itself: a walk under RCU that is at this block reads what was written over the link, or never ends.",
  source: "de5604231ce4, Nick Piggin",
  fixed: "2.6.33",
  violations: [
    {
      law: "no-use-after-free",
      protocol: "walks-2.6.28",
      also: ["walks-2.6.28-rcu-head-over-links"],
      scope: { cpus: 2, blocks: 1, pages: 2 },
      pinned: "no-use-after-free.json",
      repaired: "walks-2.6.28-rcu-lists",
    },
    {
      law: "walk-ends-on-cpu-1",
      protocol: "walks-2.6.28",
      also: ["walks-2.6.28-removed-points-at-itself"],
      scope: { cpus: 2, blocks: 1, pages: 2 },
      pinned: "walk-ends.json",
      repaired: "walks-2.6.28-rcu-lists",
    },
  ],
};
