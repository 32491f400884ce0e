import { linux } from "../../../kernels/vmap/index.ts";
import { findOnLockedNodes } from "../../../kernels/vmap/nodes.ts";
import { rulesOf } from "../../../kernels/vmap/releases.ts";
import { kernelWith } from "../../../kernels/vmap/rules.ts";
import { releaseOf } from "../../../spec/vmap/releases.ts";
import type { Bug } from "../bug.ts";

const id = "nodes-before-init";

export const nodesBeforeInit: Bug = {
  id,
  number: "B10",
  says: "find_vmap_area, called before vmalloc_init, takes the lock of a node that is not initialised yet. Up to 6.8 there was one lock, which needed no initialisation at run time.",
  source:
    '"mm: vmalloc: bail out early in find_vmap_area() if vmap is not init", Uladzislau Rezki, 2024-03-23, 4ed91fa9177b, seen when s390 booted; begun by 72210662c5a2',
  fixed: "6.9, before its release",
  changed: kernelWith(releaseOf("6.12"), { ...rulesOf("6.12"), find: findOnLockedNodes }, id),
  violations: [
    { law: "init-order", on: [id], pinned: "init-order.json", repaired: linux("6.12") },
    { law: "no-bug", on: [id], pinned: "no-bug.json", repaired: linux("6.12") },
  ],
  explains: ({ before, command }) => !before.initialised && command.op === "find",
};
