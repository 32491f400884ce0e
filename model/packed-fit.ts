/** Where a request fits in the packed world: as the reference (fit.ts), in plain loops. */
import type { Congruent } from "../spec/commands.ts";
import type { GuardRule } from "../spec/releases.ts";
import { alignmentInPages, type Extent, type Vpn } from "../spec/vocabulary.ts";
import type { Purgeable, Request } from "../spec/world.ts";
import { AREA, END, START } from "./packed-layout.ts";
import type { PackedWorld } from "./packed-world.ts";
import type { PooledExtents } from "./pools.ts";

/** The lowest address at which a request fits with these distances to its neighbours. */
export function lowestFit(
  world: PackedWorld,
  request: Request,
  purgeable: Purgeable,
  guard: GuardRule,
): Vpn | undefined {
  let fit = fitBesideAreas(world, request, request.vstart, purgeable, guard);
  if (purgeable !== "taken" || world.pooled.length === 0) return fit;
  while (fit !== undefined) {
    const inTheWay = pooledIn(world.pooled, fit, fit + request.size + guard.inside);
    if (inTheWay === undefined) return fit;
    fit = fitBesideAreas(world, request, inTheWay.end, purgeable, guard);
  }
  return undefined;
}

/** As the reference: what stands in the way of one of the areas pushes the base down. */
export function highestCongruentFit(
  world: PackedWorld,
  congruent: Congruent,
  purgeable: Purgeable,
): Vpn | undefined {
  const { vstart, vend } = world.scope.vmalloc;
  const { offsets, sizes } = congruent;
  const step = alignmentInPages(congruent.align);
  let last = 0;
  for (let nth = 0; nth < offsets.length; nth++) {
    last = Math.max(last, (offsets[nth] as number) + (sizes[nth] as number));
  }
  const lowest = Math.max(vstart, world.promises.lowestPage);
  let base = Math.floor((vend - last) / step) * step;
  while (base >= lowest) {
    const below = pushedBelow(world, base, congruent, purgeable);
    if (below === base) return base;
    base = Math.floor(below / step) * step;
  }
  return undefined;
}

/** Where the base must lie at most so that one of the areas lies below what is in its way; where it is if none is. */
function pushedBelow(
  world: PackedWorld,
  base: Vpn,
  { offsets, sizes }: Congruent,
  purgeable: Purgeable,
): Vpn {
  const { areas } = world;
  for (let nth = 0; nth < offsets.length; nth++) {
    const start = base + (offsets[nth] as number);
    const end = start + (sizes[nth] as number);
    for (let at = 0; at < areas.length && (areas[at + START] as number) < end; at += AREA) {
      if ((areas[at + END] as number) <= start) continue;
      if (purgeable === "gone" && world.purges(at)) continue;
      return base - (end - (areas[at + START] as number));
    }
    if (purgeable !== "taken" || world.pooled.length === 0) continue;
    const pooled = pooledIn(world.pooled, start, end);
    if (pooled !== undefined) return base - (end - pooled.start);
  }
  return base;
}

/** An extent that a pool may hold and that shares a page with [start, end). */
function pooledIn(pooled: PooledExtents, start: Vpn, end: Vpn): Extent | undefined {
  return pooled.find((each) => each.start < end && start < each.end);
}

/** As the reference: what stands in the way pushes the candidate past its end. */
function fitBesideAreas(
  world: PackedWorld,
  { size, align, vend }: Request,
  from: Vpn,
  purgeable: Purgeable,
  { inside, afterArea, beforeNext }: GuardRule,
): Vpn | undefined {
  const { areas, promises } = world;
  const length = size + inside;
  const step = alignmentInPages(align);
  let candidate = Math.ceil(Math.max(from, promises.lowestPage) / step) * step;
  for (let at = 0; at < areas.length; at += AREA) {
    const clear = (areas[at + END] as number) + afterArea;
    if (candidate >= clear) continue;
    if (purgeable === "gone" && world.purges(at)) continue;
    if (candidate + length + beforeNext <= (areas[at + START] as number)) break;
    candidate = Math.ceil(clear / step) * step;
  }
  return candidate + length <= vend ? candidate : undefined;
}
