/** Where a request fits between what is in its way. */
import type { PercpuLayout } from "../../spec/vmap/commands.ts";
import type { Promises } from "../../spec/vmap/promises.ts";
import type { Window } from "../../spec/vmap/scope.ts";
import { alignDown, alignUp, type Extent, overlaps, type Vpn } from "../../spec/vmap/vocabulary.ts";
import type { Request } from "../../spec/vmap/world.ts";

/** What is in the way, by start. */
type InTheWay = readonly Extent[];

/**
 * Walks up from the window's start. Each area in the way pushes the candidate past its end. No lower start fits then,
 * because it would overlap the same area.
 */
export function lowestFit(
  inTheWay: InTheWay,
  { guard, lowestPage }: Pick<Promises, "guard" | "lowestPage">,
  { size, align, vstart, vend }: Request,
): Vpn | undefined {
  const length = size + guard.inside;
  let candidate = alignUp(Math.max(vstart, lowestPage), align);
  for (const area of inTheWay) {
    if (candidate >= area.end + guard.afterArea) continue;
    if (candidate + length + guard.beforeNext <= area.start) break;
    candidate = alignUp(area.end + guard.afterArea, align);
  }
  return candidate + length <= vend ? candidate : undefined;
}

/** The same between neighbours that it may touch: a guard page inside the area is a part of it, one outside is free. */
export function lowestFree(
  inTheWay: InTheWay,
  { guard: { inside }, lowestPage }: Promises,
  request: Request,
): Vpn | undefined {
  return lowestFit(inTheWay, { guard: { inside, afterArea: 0, beforeNext: 0 }, lowestPage }, request);
}

/**
 * Walks down from the window's end. Each area that overlaps one of the areas pulls the base down until this one lies
 * below it. No base between fits.
 */
export function highestCongruentFit(
  inTheWay: InTheWay,
  { lowestPage }: Promises,
  { vstart, vend }: Window,
  congruent: PercpuLayout,
): Vpn | undefined {
  const { offsets, sizes, align } = congruent;
  const ends = offsets.map((offset, nth) => offset + (sizes[nth] as number));
  let base = alignDown(vend - Math.max(...ends), align);
  while (base >= Math.max(vstart, lowestPage)) {
    const below = pushedBelow(base, inTheWay, congruent);
    if (below === undefined) return base;
    base = alignDown(below, align);
  }
  return undefined;
}

/** The highest base at which one of the areas lies below what is in its way; undefined if none does. */
function pushedBelow(base: Vpn, inTheWay: InTheWay, { offsets, sizes }: PercpuLayout): Vpn | undefined {
  for (const [nth, offset] of offsets.entries()) {
    const end = offset + (sizes[nth] as number);
    const place = { start: base + offset, end: base + end };
    const found = inTheWay.find((each) => overlaps(each, place));
    if (found !== undefined) return found.start - end;
  }
  return undefined;
}
