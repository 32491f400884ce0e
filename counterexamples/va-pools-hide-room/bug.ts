import { linux6_12, rules6_12 } from "../../kernels/linux-6.12.ts";
import { linux6_19, rules6_19 } from "../../kernels/linux-6.19.ts";
import { type NodeRules, nodeSteps } from "../../kernels/node-kernel.ts";
import type { State } from "../../kernels/state.ts";
import { vmapKernel } from "../../kernels/vmap-kernel.ts";
import type { Kernel } from "../../spec/kernel.ts";
import type { Bug } from "../bug.ts";

/** No area is noted as one that goes back to a pool: all of it goes to the free space. */
function poolingNothing({ name, release }: Kernel<State>, rules: NodeRules): Kernel<State> {
  return vmapKernel(release, { ...nodeSteps(rules), placed: () => {} }, `${name} pooling nothing`);
}

export const vaPoolsHideRoom: Bug = {
  id: "va-pools-hide-room",
  number: undefined,
  says: "What a node keeps in its pools serves requests of just that size on its own CPUs. Any other caller for whom there is room nowhere else purges and flushes to get at it, and one that cannot wait is refused.",
  source: "found here by exploration; node_alloc and alloc_vmap_area since the series of 6.9 (7679ba6b36db)",
  latent: true,
  fixed: "never: 7.2 has it, as the price of its pools",
  changed: undefined,
  breaks: [
    {
      law: "pools-hide-no-room",
      on: ["6.12"],
      pinned: "pools-hide-no-room.json",
      repaired: poolingNothing(linux6_12, rules6_12),
    },
    {
      law: "pools-hide-no-room",
      on: ["6.19"],
      pinned: "pools-hide-no-room.noblock.json",
      repaired: poolingNothing(linux6_19, rules6_19),
    },
  ],
  explains: () => true,
};
