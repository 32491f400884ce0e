/**
 * Kernels that keep free space in a tree (5.2 and later), with about 100,000 free extents in it: two workloads, in both
 * of which a random area is freed and one of a page is asked for.
 *
 * Lowest: areas of one page side by side, of which every other one stays for ever. The sites between them are free,
 * lazy or taken, so no two free extents ever join. A request is for the whole window and takes the lowest free site:
 * the search goes from the root to the lowest leaf and takes that extent out; a purge brings it back.
 *
 * Anywhere: 100,000 areas are strewn over the window. A request begins at a random page, so the search ends anywhere
 * in the tree, splits the extent it finds there, and a purge joins the parts again. Nothing that two calls in a row
 * touch is near in memory.
 *
 * The window is not the vmalloc window of the machine, so the pools of 6.12 and 7.2 are not asked.
 */

import { Random } from "../engine/run/random-numbers.ts";
import type { Pages } from "../spec/vmap/vocabulary.ts";
import { fullSize, kernelNamed, place, request } from "./kernel.ts";
import type { Contestant } from "./race.ts";

export interface FreeAreas extends Contestant {
  /** How many free extents there are now. */
  extents(): number;
}

/** Free extents, about. */
export const FREE = 100_000;

/** Taken sites in the first workload: those that a free chooses from. */
const TAKEN = 50_000;

/** Frees and allocates until one purge is over, and one more pair: every turn pays for the purges it delays. */
export function lowestSite(label: string, batch: Pages): FreeAreas {
  const kernel = kernelNamed(label);
  const state = kernel.initial(fullSize(8, batch));
  const wanted = request(1);
  const random = new Random(1);
  // Just after a purge half a batch more is free, just before it half a batch less.
  const sites = shuffled(FREE + batch / 2 + TAKEN, random);
  const placed = Float64Array.from({ length: 2 * sites.length }, () => place(kernel, state, wanted));
  const startOf = (site: number) => placed[2 * site + 1] as number;
  for (const site of sites.slice(TAKEN)) kernel.act(state, { op: "free", start: startOf(site) });
  kernel.act(state, { op: "purge" });
  const starts = Float64Array.from(sites.slice(0, TAKEN), startOf);
  const run = () => {
    for (let pair = 0; pair <= batch; pair++) {
      const area = random.below(TAKEN);
      kernel.act(state, { op: "free", start: starts[area] as number });
      starts[area] = place(kernel, state, wanted);
    }
    return 2 * (batch + 1);
  };
  return { name: label, run, extents: () => state.free.count };
}

/** The same, with requests that begin anywhere. */
export function anywhere(label: string, batch: Pages): FreeAreas {
  const kernel = kernelNamed(label);
  const state = kernel.initial(fullSize(8, batch));
  const random = new Random(1);
  // Far from the window's end: every request has room above the page it begins at.
  const ask = () => place(kernel, state, request(1, random.below(2 ** 32)));
  const starts = Float64Array.from({ length: FREE }, ask);
  const run = () => {
    for (let pair = 0; pair <= batch; pair++) {
      const area = random.below(FREE);
      kernel.act(state, { op: "free", start: starts[area] as number });
      starts[area] = ask();
    }
    return 2 * (batch + 1);
  };
  return { name: label, run, extents: () => state.free.count };
}

/** The numbers below this in a random order. */
function shuffled(count: number, random: Random): number[] {
  const all = Array.from({ length: count }, (_none, nth) => nth);
  for (let last = count - 1; last > 0; last--) {
    const other = random.below(last + 1);
    [all[last], all[other]] = [all[other] as number, all[last] as number];
  }
  return all;
}
