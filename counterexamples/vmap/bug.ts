/** What the catalogue says of a bug of this wing. */
import type { State } from "../../kernels/vmap/state.ts";
import type { VmapTerms } from "../../spec/vmap/terms.ts";
import type * as wing from "../../spec/wing.ts";

export type Bug = wing.Bug<VmapTerms<State>>;
export type Evidence = wing.Evidence<VmapTerms<State>>;
export type PinnedViolation = wing.PinnedViolation<VmapTerms<State>>;
