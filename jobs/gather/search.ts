/** What it takes to search in the wing gather. */
import { HISTORIES } from "../../properties/gather/bench.ts";
import { COMPARISON } from "../../properties/gather/comparison.ts";
import { SPACES } from "../../properties/gather/spaces.ts";
import type { GatherTerms } from "../../spec/gather/terms.ts";
import type { Search } from "../../spec/wing.ts";

export const SEARCH_GATHER: Search<GatherTerms> = {
  histories: HISTORIES,
  spaces: SPACES,
  comparison: COMPARISON,
};
