import type { InterleavedBug } from "../../interleaved.ts";

export const vbDirtyReflushedEarly: InterleavedBug = {
  id: "vb-dirty-reflushed-early",
  number: "C9",
  says: "The dirty range of a block is reset when it is collected. If this happens before the purge lock is taken, a second vm_unmap_aliases finds nothing and returns before the first has flushed.",
  source: "catalogue C9, its obligation (i); a mutant of a09fad96ffb1",
  fixed: "never released",
  violations: [
    {
      law: "no-alias-after-unmap-aliases",
      protocol: "blocks-6.12-collecting-before-lock",
      scope: { cpus: 2, blocks: 1, pages: 2 },
      pinned: "interleaving.json",
      repaired: "blocks-6.12-repaired",
    },
  ],
};
