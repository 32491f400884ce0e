/** Kernels with pools that never hold anything, for bugs that are the cost of pools. */
import { type Rules, stepsFrom } from "../../../kernels/vmap/rules.ts";
import type { State } from "../../../kernels/vmap/state.ts";
import { vmapKernel } from "../../../kernels/vmap/vmap-kernel.ts";
import type { Kernel } from "../../../spec/vmap/kernel.ts";

/** No area is recorded as one that returns to a pool: all of it goes to the free space. */
export function poolingNothing({ name, release }: Kernel<State>, rules: Rules): Kernel<State> {
  return vmapKernel(release, { ...stepsFrom(rules), placed: () => {} }, `${name} pooling nothing`);
}
