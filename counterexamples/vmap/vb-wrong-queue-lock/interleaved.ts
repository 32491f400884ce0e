import type { InterleavedBug } from "../../interleaved.ts";

export const vbWrongQueueLock: InterleavedBug = {
  id: "vb-wrong-queue-lock",
  number: "C10",
  says: "A fragmented block is taken off its queue under the lock of another queue, while a block is added to its own queue: the added block is lost, and every map makes one more.",
  source: "8c61291fd850, Zhaoyang Huang; since fc1e0d980037 on top of 062eacf57ad9",
  fixed: "6.10",
  violations: [
    {
      law: "nothing-leaks",
      protocol: "locks-6.5",
      scope: { cpus: 2, blocks: 2, pages: 2 },
      pinned: "nothing-leaks.json",
      repaired: "locks-6.11",
    },
    {
      law: "no-use-after-free",
      protocol: "locks-6.5",
      scope: { cpus: 2, blocks: 2, pages: 2 },
      pinned: "no-use-after-free.json",
      repaired: "locks-6.11",
    },
  ],
};
