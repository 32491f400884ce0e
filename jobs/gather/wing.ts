/** The wing gather (mmu_gather), as far as words go. */
import { BUGS } from "../../counterexamples/gather/index.ts";
import { KERNELS, kernelCalled } from "../../kernels/gather/index.ts";
import { LAWS } from "../../spec/gather/laws/index.ts";
import type { GatherTerms } from "../../spec/gather/terms.ts";
import type { Wing } from "../../spec/wing.ts";

export const GATHER: Wing<GatherTerms> = {
  name: "gather",
  laws: LAWS,
  kernels: KERNELS,
  bugs: BUGS,
  kernelCalled: (word) => kernelCalled(word) ?? BUGS.find(({ id }) => id === word)?.changed,
  whyNoKernel: () => undefined,
  askedAs: (_word, { name }) => name,
};
