/** Every label's kernel, by age. */
import { RELEASES } from "../../spec/gather/releases.ts";
import { factsOf } from "./changes.ts";
import { type GatherKernel, gatherKernel, STEPS } from "./gather-kernel.ts";
import type { Rules } from "./state.ts";

/** The rules of a release. A bug's changed kernel is these with one replaced. */
export const rulesOf = (label: string): Rules => ({ facts: factsOf(label), steps: STEPS });

export const KERNELS: readonly GatherKernel[] = RELEASES.map((release) =>
  gatherKernel(release, rulesOf(release.labels[0] as string)),
);

export function kernelCalled(label: string): GatherKernel | undefined {
  return KERNELS.find(({ name }) => name === label);
}
