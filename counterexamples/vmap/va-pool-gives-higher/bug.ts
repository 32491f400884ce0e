import { linux } from "../../../kernels/vmap/index.ts";
import { rulesOf } from "../../../kernels/vmap/releases.ts";
import { mayComeFromPool, newArea } from "../../../spec/vmap/laws/law.ts";
import type { Bug, Evidence } from "../bug.ts";
import { poolingNothing } from "../controls/pooling-nothing.ts";

export const vaPoolGivesHigher: Bug = {
  id: "va-pool-gives-higher",
  number: undefined,
  says: "A node's pool is asked first, and gives out its extent wherever that lies: a lower hole, which the search would have taken, stays.",
  source: "found here in the recordings; node_alloc since the series of 6.9 (7679ba6b36db)",
  latent: true,
  fixed: "never: 7.2 has it; the lowest address is not what pools are for",
  changed: undefined,
  violations: [
    {
      law: "lowest-fit",
      on: ["6.12", "6.19"],
      pinned: "lowest-fit.json",
      repaired: poolingNothing(linux("6.12"), rulesOf("6.12")),
    },
  ],
  explains: cameFromPool,
};

function cameFromPool({ before, command, response }: Evidence): boolean {
  const placed = newArea(before, command, response);
  return placed !== undefined && mayComeFromPool(before, command, placed);
}
