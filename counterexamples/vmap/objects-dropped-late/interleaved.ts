import type { InterleavedBug } from "../../interleaved.ts";

export const objectsDroppedLate: InterleavedBug = {
  id: "objects-dropped-late",
  number: undefined,
  says: "vfree releases an area, and drops the debug objects in it after that: another caller may have the addresses by then, and loses what it registered.",
  source: "f3c01d2f3ade",
  fixed: "4.18",
  violations: [
    {
      law: "entry-is-its-owners",
      protocol: "objects-2.6.28",
      scope: { cpus: 2, places: 1 },
      pinned: "entry-is-its-owners.json",
      repaired: "objects-4.18",
    },
    {
      law: "entry-ends-with-area",
      protocol: "objects-2.6.28",
      scope: { cpus: 2, places: 1 },
      pinned: "entry-ends-with-area.json",
      repaired: "objects-4.18",
    },
  ],
};
