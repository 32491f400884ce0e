/** What a reply to a pcpuFree shows of the order in which it freed areas and purged. */
import type { Response } from "../../spec/vmap/commands.ts";
import { purged } from "../../spec/vmap/laws/law.ts";
import type { Pages } from "../../spec/vmap/vocabulary.ts";

/**
 * How many of these areas, freed in this order, were freed before the last purge: the others are the lazy pages that
 * the reply counts. All of them, if there was no purge or if no suffix matches the count.
 */
export function freedBeforePurge(pages: readonly Pages[], response: Response): number {
  if (!purged(response)) return pages.length;
  let left = 0;
  for (let nth = pages.length - 1; nth > 0; nth--) {
    left += pages[nth] as Pages;
    if (left === response.lazyPages) return nth;
  }
  return pages.length;
}
