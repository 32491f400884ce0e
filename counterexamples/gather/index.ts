/** The catalogue of this wing. A new bug is an entry in a table, and a folder with its histories. */
import type { GatherTerms } from "../../spec/gather/terms.ts";
import type { Bug } from "../../spec/wing.ts";
import { PLANTED } from "./planted.ts";
import { RECORDED } from "./recorded.ts";

export const BUGS: readonly Bug<GatherTerms>[] = [...RECORDED, ...PLANTED];
