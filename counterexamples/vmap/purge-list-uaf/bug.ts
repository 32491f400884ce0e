import { rules2_6_28 } from "../../../kernels/vmap/linux-2.6.28.ts";
import { releaseReadingAhead } from "../../../kernels/vmap/purge.ts";
import { uncachedKernel } from "../../../kernels/vmap/uncached-kernel.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import type { Bug } from "../../bug.ts";

const repaired = uncachedKernel(
  releaseOf("2.6.28"),
  { ...rules2_6_28, release: releaseReadingAhead(() => {}) },
  "2.6.28 reading its purge list ahead",
);

export const purgeListUaf: Bug = {
  id: "purge-list-uaf",
  number: "B2",
  says: "The purge hands an area to RCU and then reads the link to the next one from it; if the grace period is over by then, the memory is free.",
  source: '"mm: fix lazy vmap purging (use-after-free error)", Vegard Nossum, 2009, cbb766766b6',
  fixed: "2.6.29",
  changed: undefined,
  breaks: [{ law: "no-use-after-free", on: ["2.6.28"], pinned: "no-use-after-free.json", repaired }],
  explains: ({ response }) => response.flushes.length > 0,
};
