import { linux } from "../../../kernels/vmap/index.ts";
import { rulesOf } from "../../../kernels/vmap/releases.ts";
import { kernelWith } from "../../../kernels/vmap/rules.ts";
import { sweepAliases } from "../../../kernels/vmap/vmap-kernel.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import type { Bug } from "../bug.ts";

const id = "aliases-before-init";

export const aliasesBeforeInit: Bug = {
  id,
  number: "B6",
  says: "vm_unmap_aliases, called before vmalloc_init, walks per-CPU lists that are not initialised yet.",
  source:
    '"vmap: cope with vm_unmap_aliases before vmalloc_init()", Jeremy Fitzhardinge, 9b46333; the code of db64fe02',
  fixed: "2.6.28, before its release",
  changed: kernelWith(releaseOf("2.6.28"), { ...rulesOf("2.6.28"), unmapAliases: sweepAliases }, id),
  violations: [
    { law: "init-order", on: [id], pinned: "init-order.json", repaired: linux("2.6.28") },
    { law: "no-bug", on: [id], pinned: "no-bug.json", repaired: linux("2.6.28") },
  ],
  explains: ({ before, command }) =>
    !before.initialised && (command.op === "unmapAliases" || command.op === "pin"),
};
