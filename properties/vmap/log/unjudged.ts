/** Why a law was never judged: which events the log lacks, or what did not happen in it. */
import type { LawId } from "../../../spec/contract.ts";
import type { Seen } from "./space.ts";

const NO_ALLOCATIONS = "no event shows allocations (alloc_vmap_area; k_alloc and k_alloc_ret)";
const NO_FREES = "no event shows a free (free_vmap_area_noflush; k_free)";
const NO_PURGES = "no event shows a purge (purge_vmap_area_lazy; k_purge and k_purge_ret)";

/** Given which events there were, and that the law was neither judged nor undecided nor blind. */
export function whyUnjudged(law: LawId, seen: Seen): string {
  const { allocated, allocReturn, freeEntry, freed, purgeEntry, purged } = seen;
  const hasAllocations = allocated || allocReturn;
  const ofAllocations = (why: string) => (hasAllocations ? why : NO_ALLOCATIONS);
  switch (law) {
    case "lowest-fit-at-a-page":
      return ofAllocations("nothing was placed at a page's alignment");
    case "lowest-roomy-hole":
      return ofAllocations("nothing was placed at a larger alignment than a page's");
    case "refused-only-when-full":
      return ofAllocations("no attempt was refused");
    case "flush-before-reuse":
      if (!freeEntry && !freed) return NO_FREES;
      return ofAllocations("nothing was placed where an area had been before");
    case "flush-well-formed":
    case "one-flush-per-purge":
      return purgeEntry || purged ? "no purge returned areas" : NO_PURGES;
    case "purge-takes-all":
      return NO_PURGES;
    case "lazy-count":
      return freeEntry && !freed
        ? "no tracepoint reports nr_lazy (free_vmap_area_noflush, 6.2 on)"
        : NO_FREES;
    case "argument-domain":
      return NO_FREES;
    case "events-agree":
      return "no call has both a tracepoint and a kprobe";
    case "end-state":
      return "the log was not read to its end, or leaves no area";
    default:
      return ofAllocations("nothing was placed");
  }
}
