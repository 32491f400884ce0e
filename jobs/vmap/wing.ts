/** The wing vmap, as far as words go. */
import { BUGS } from "../../counterexamples/vmap/index.ts";
import { KERNELS } from "../../kernels/vmap/index.ts";
import { ALL_LAWS } from "../../spec/vmap/laws/index.ts";
import type { VmapTerms } from "../../spec/vmap/terms.ts";
import type { Wing } from "../../spec/wing.ts";
import { askedAs, findKernel, placeOfKernel } from "../names.ts";

export const VMAP: Wing<VmapTerms> = {
  name: "vmap",
  laws: ALL_LAWS,
  kernels: KERNELS,
  bugs: BUGS,
  kernelCalled: findKernel,
  whyNoKernel: placeOfKernel,
  askedAs,
};
