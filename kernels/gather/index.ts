/** Every label's kernel, by age. */
import { LABELS } from "../../spec/gather/bibliography.ts";
import { factsOf } from "./changes.ts";
import { type GatherKernel, gatherKernel, STEPS } from "./gather-kernel.ts";

const ARCHITECTURES = ["2.6.28-s390", "3.1-s390", "2.6.28-ppc64", "3.1-ppc64"] as const;

export const KERNELS: readonly GatherKernel[] = [...LABELS, ...ARCHITECTURES].map((label) =>
  gatherKernel(label, { facts: factsOf(label), steps: STEPS }),
);

export function kernelCalled(label: string): GatherKernel | undefined {
  return KERNELS.find(({ name }) => name === label);
}
