import type { InterleavedBug } from "../../interleaved.ts";

export const vreallocSize: InterleavedBug = {
  id: "vrealloc-size",
  number: "B25",
  says: "vrealloc shrinks an area and poisons its end. It grows the area in place again and leaves the end poisoned: KASAN reports the owner's own access.",
  source:
    "d699440f58ce, mm: fix vrealloc()'s KASAN poisoning logic; reported by Andrii Nakryiko; since 3ddc2fefe6f3 (6.12)",
  fixed: "6.13 (version from memory); 6.12.117 has the repair",
  violations: [
    {
      law: "touch-finds-entry",
      protocol: "kasan-6.12-resizing",
      scope: { cpus: 1, places: 1, sharing: 1 },
      pinned: "interleaving.json",
      repaired: "kasan-6.13-resizing",
    },
  ],
};
