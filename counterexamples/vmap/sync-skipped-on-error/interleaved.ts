import type { InterleavedBug } from "../../interleaved.ts";

export const syncSkippedOnError: InterleavedBug = {
  id: "sync-skipped-on-error",
  number: "B11",
  says: "A mapping fails part-way, and the entry that it added at the highest level is not copied to other roots. The next mapping there adds none: CPUs on other roots reach nothing.",
  source: "3685024edd27",
  fixed: "6.14",
  violations: [
    {
      law: "pages-reach-their-frames",
      protocol: "levels-5.8",
      also: ["levels-5.13", "levels-6.11"],
      scope: { cpus: 1, regions: 1, tables: 1, pairs: 2, devices: 0 },
      pinned: "interleaving.json",
      repaired: "levels-6.14",
    },
  ],
};
