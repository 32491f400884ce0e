import type { InterleavedBug } from "../../interleaved.ts";

export const purgeKeepsCpu: InterleavedBug = {
  id: "purge-keeps-cpu",
  number: undefined,
  says: "A purge releases all areas of a node without a pause: a task waits for all of them, where the kernel is not preempted. With KASAN each takes so long that it was a soft lockup, and a stall of RCU.",
  source:
    "5747435e0fd4 (CVE-2026-43292) for the shadow; 282631cb2447 and 7679ba6b36db (6.9), which gave up the pauses of 763b218ddfaf (4.10)",
  fixed:
    "not fixed in 7.3.4, but for the shadow, of which 6.12.117, 7.2.12 and 7.3.4 release 32 areas between two pauses",
  violations: [
    {
      law: "others-get-the-cpu",
      protocol: "waits-6.9",
      also: ["waits-7.1", "waits-7.1-trying", "waits-7.1-two-queues"],
      scope: { cpus: 1, areas: 2, most: 1, workers: 1, memory: 1, other: 2 },
      pinned: "interleaving.json",
      repaired: "waits-7.1-pausing",
    },
  ],
};
