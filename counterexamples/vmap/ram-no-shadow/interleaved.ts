import type { InterleavedBug } from "../../interleaved.ts";

export const ramNoShadow: InterleavedBug = {
  id: "ram-no-shadow",
  number: "B27",
  says: "Shadow is made by vmalloc alone: memory that vm_map_ram maps has none, and every touch of it faults.",
  source: "d98c9e83b5e7 (2019-12-05, syzbot 82e323920b78d54aaed5)",
  fixed: "5.5",
  violations: [
    {
      law: "touch-finds-entry",
      protocol: "kasan-5.5-rc1",
      scope: { cpus: 1, places: 1, sharing: 1 },
      pinned: "interleaving.json",
      repaired: "kasan-5.5",
    },
  ],
};
