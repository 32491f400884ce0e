import { linux } from "../../../kernels/vmap/index.ts";
import { rulesOf } from "../../../kernels/vmap/releases.ts";
import { kernelWith } from "../../../kernels/vmap/rules.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import type { Bug } from "../bug.ts";

const id = "vunmap-no-cache-flush";

export const vunmapNoCacheFlush: Bug = {
  id,
  number: "B4",
  says: "Lazy unmapping skips flush_cache_vunmap: a cache indexed by virtual address keeps the alias's dirty lines, and writes them back over the frame's next use.",
  source: '"mm: vmalloc fix lazy unmapping cache aliasing", b29acbdcf877',
  fixed: "2.6.28, before its release",
  changed: kernelWith(releaseOf("2.6.28"), { ...rulesOf("2.6.28"), flushCache: () => {} }, id),
  violations: [
    {
      law: "cache-flushed-before-unmap",
      on: [id],
      pinned: "cache-flushed-before-unmap.json",
      repaired: linux("2.6.28.10"),
    },
  ],
  explains: () => true,
};
