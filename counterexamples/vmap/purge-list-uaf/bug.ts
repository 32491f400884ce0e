import { releaseReadingAhead } from "../../../kernels/vmap/purge.ts";
import { rulesOf } from "../../../kernels/vmap/releases.ts";
import { kernelWith } from "../../../kernels/vmap/rules.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import type { Bug } from "../bug.ts";

const repaired = kernelWith(
  releaseOf("2.6.28"),
  { ...rulesOf("2.6.28"), release: releaseReadingAhead(() => {}) },
  "2.6.28 reading its purge list ahead",
);

export const purgeListUaf: Bug = {
  id: "purge-list-uaf",
  number: "B2",
  says: "The purge hands an area to RCU and then reads the link to the next one from it; if the grace period is over by then, the memory is free.",
  source: '"mm: fix lazy vmap purging (use-after-free error)", Vegard Nossum, 2009, cbb766766b6',
  fixed: "2.6.29",
  changed: undefined,
  violations: [{ law: "no-use-after-free", on: ["2.6.28"], pinned: "no-use-after-free.json", repaired }],
  explains: ({ response }) => response.flushes.length > 0,
};
