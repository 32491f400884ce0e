import { linux2_6_28_10 } from "../../../kernels/vmap/linux-2.6.28.10.ts";
import { rules2_6_28 } from "../../../kernels/vmap/linux-2.6.28.ts";
import { uncachedKernel } from "../../../kernels/vmap/uncached-kernel.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import type { Bug } from "../../bug.ts";

const id = "vunmap-no-cache-flush";

export const vunmapNoCacheFlush: Bug = {
  id,
  number: "B4",
  says: "Letting go lazily skips flush_cache_vunmap: a cache indexed by virtual address keeps the alias's dirty lines, and writes them back over whoever has the frame next.",
  source: '"mm: vmalloc fix lazy unmapping cache aliasing", b29acbdcf877',
  fixed: "2.6.28, before its release",
  changed: uncachedKernel(releaseOf("2.6.28"), { ...rules2_6_28, flushCache: () => {} }, id),
  breaks: [
    {
      law: "cache-flushed-before-unmap",
      on: [id],
      pinned: "cache-flushed-before-unmap.json",
      repaired: linux2_6_28_10,
    },
  ],
  explains: () => true,
};
