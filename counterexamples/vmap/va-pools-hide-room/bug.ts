import { linux } from "../../../kernels/vmap/index.ts";
import { rulesOf } from "../../../kernels/vmap/releases.ts";
import type { Bug } from "../bug.ts";
import { poolingNothing } from "../controls/pooling-nothing.ts";

export const vaPoolsHideRoom: Bug = {
  id: "va-pools-hide-room",
  number: undefined,
  says: "The extents in a node's pools serve only requests of exactly their size on the node's own CPUs. Any other caller for whom there is no other room purges and flushes to get them, and one that cannot wait is refused.",
  source: "found here by exploration; node_alloc and alloc_vmap_area since the series of 6.9 (7679ba6b36db)",
  latent: true,
  fixed: "never: 7.2 has it, as the price of its pools",
  changed: undefined,
  violations: [
    {
      law: "pools-hide-no-room",
      on: ["6.12"],
      pinned: "pools-hide-no-room.json",
      repaired: poolingNothing(linux("6.12"), rulesOf("6.12")),
    },
    {
      law: "pools-hide-no-room",
      on: ["6.19"],
      pinned: "pools-hide-no-room.noblock.json",
      repaired: poolingNothing(linux("6.19"), rulesOf("6.19")),
    },
  ],
  explains: () => true,
};
