/** What it takes to search in the wing vmap. */
import { COMPARISON } from "../../properties/vmap/comparison.ts";
import { HISTORIES } from "../../properties/vmap/histories.ts";
import { SPACES } from "../../properties/vmap/spaces.ts";
import type { VmapTerms } from "../../spec/vmap/terms.ts";
import type { Search } from "../../spec/wing.ts";
import { inSteps } from "../interleaved-orders.ts";

export const SEARCH_VMAP: Search<VmapTerms> = {
  histories: HISTORIES,
  spaces: { ...SPACES, says: (kernel) => `${SPACES.says(kernel)}${inSteps(kernel.release)}` },
  comparison: COMPARISON,
};
