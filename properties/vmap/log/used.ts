/** Pages that some area of the log has had: an area that is placed there again reuses them. */
import { type Extent, overlaps } from "../../../spec/vmap/vocabulary.ts";

/** Of more extents than these all are forgotten: what is reused then counts as new. */
const MOST_EXTENTS = 100_000;

export class Used {
  /** Ascending; no two touch. */
  #extents: Extent[] = [];

  /** Adds the extent, and says whether some page of it was there before. */
  add(extent: Extent): boolean {
    const first = this.#placeOf(extent.start);
    const touching: Extent[] = [];
    for (let place = first; ; place++) {
      const each = this.#extents[place];
      if (each === undefined || each.start > extent.end) break;
      touching.push(each);
    }
    const start = Math.min(extent.start, touching[0]?.start ?? extent.start);
    const end = Math.max(extent.end, touching.at(-1)?.end ?? extent.end);
    if (touching.length === 1 && touching[0]?.start === start && touching[0].end === end) return true;
    if (this.#extents.length >= MOST_EXTENTS) this.#extents = [{ start, end }];
    else this.#extents.splice(first, touching.length, { start, end });
    return touching.some((each) => overlaps(each, extent));
  }

  /** The place of the first that ends at this page or above it. */
  #placeOf(page: number): number {
    let [low, high] = [0, this.#extents.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#extents[middle] as Extent).end < page) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
