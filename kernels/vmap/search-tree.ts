/**
 * find_vmap_lowest_match (68ad4a330433, 5.2): the free extent with the lowest address that certainly holds a request,
 * by the size of the largest extent of each subtree. If the size looked for has room for any alignment (size + align -
 * 1), a smaller extent with a suitable alignment is found only if it lies on the way (catalogue A13).
 */
import type { Alloc } from "../../spec/vmap/commands.ts";
import { alignmentInPages, type Bytes, PAGE_SIZE, type Pages, type Vpn } from "../../spec/vmap/vocabulary.ts";
import { walked } from "../structures/walked.ts";
import { NONE } from "./areas.ts";
import { NeverReturns } from "./bug.ts";
import { MARKS } from "./coverage-marks.ts";
import { type FreeSpace, firstPage, type Measure, takeSpace } from "./free-space.ts";
import { NO_ROOM } from "./search-uncached.ts";
import type { State } from "./state.ts";
import { align } from "./word-arithmetic.ts";

export interface TreeSearch {
  /** The least size of a subtree's largest extent for which the search goes down into it. */
  readonly lookedFor: (request: Alloc) => Measure;
  /** 9f531973dff3 (5.16): having gone back up, the search never again enters what it has left. */
  readonly shiftsStart: boolean;
}

/** Size + align - 1, whatever the alignment: 5.2 to 5.15. */
export function withOverhead({ size, align }: Alloc): Measure {
  return align === 1 ? 2 * size : 2 * (size + alignmentInPages(align)) - 1;
}

/** Only the size: 9f531973dff3 (5.16 and 5.17). */
export function plainSize({ size }: Alloc): Measure {
  return 2 * size;
}

/** The overhead is back but for a page's alignment and a window of exactly the size: 9333fe98d0a6 (5.18). */
export function withOverheadAbovePage(request: Alloc): Measure {
  const { size, align, vstart, vend, endsInside } = request;
  const isWhole = vend - vstart === size && endsInside !== true;
  return align <= PAGE_SIZE || isWhole ? plainSize(request) : withOverhead(request);
}

/** __alloc_vmap_area: finds an address and takes it out of the free space, or NO_ROOM. */
export function takeFromTree(state: State, request: Alloc, rules: TreeSearch): Vpn {
  const { free } = state;
  const slot = lowestMatch(state, request, rules);
  if (slot === NONE) return NO_ROOM;
  const start = placeIn(free, slot, request.align, request.vstart);
  if (start + request.size > request.vend) return NO_ROOM;
  // An alignment that wrapped to 0 led here: classify_va_fit_type finds that nothing fits, and warns.
  if (start < firstPage(free, slot)) return NO_ROOM;
  state.marks |= takeSpace(free, slot, start, request.size);
  return start;
}

/**
 * A search goes back up at most once for every free extent. Shifted, it enters the right subtree of a node only if that
 * lies above the one it last entered so; there are fewer such nodes than extents, and the last way up leads out of the
 * tree or to a fit. Not shifted, but with room for any alignment, it finds a sure fit below where it goes back to, and
 * never goes up again. One that is neither may leave a subtree, enter it again, and never return (catalogue A13).
 */
const FOR_EVER = "find_vmap_lowest_match: goes back to the same subtree for ever";

function lowestMatch(state: State, request: Alloc, { lookedFor, shiftsStart }: TreeSearch): number {
  const { free } = state;
  const { left, right, parent, start, largest } = free;
  const { size, align } = request;
  const wanted = lookedFor(request);
  let vstart = request.vstart;
  let here = free.root;
  let wentBack = 0;
  while (here !== NONE) {
    walked.tree += 1;
    if (vstart < (start[here] as number) && holds(largest, left[here] as number, wanted)) {
      here = left[here] as number;
      continue;
    }
    if (fits(free, here, size, align, vstart)) return here;
    if (holds(largest, right[here] as number, wanted)) {
      here = right[here] as number;
      continue;
    }
    // Back up to the first right subtree that fits: all it was not entered for is a request's vstart.
    state.marks |= MARKS.searchWentBack;
    wentBack += 1;
    if (wentBack > free.count) throw new NeverReturns(FOR_EVER);
    do {
      walked.tree += 1;
      here = parent[here] as number;
      if (here === NONE) return NONE;
      if (fits(free, here, size, align, vstart)) return here;
    } while (!(holds(largest, right[here] as number, wanted) && vstart <= (start[here] as number)));
    // One byte beyond the start in the kernel: the next extent begins pages above.
    if (shiftsStart) vstart = (start[here] as number) + 1;
    here = right[here] as number;
  }
  return NONE;
}

/** Whether a subtree has an extent as large as this. A function of its own: one made in each search took longer. */
function holds(largest: Float64Array, slot: number, wanted: Measure): boolean {
  return slot !== NONE && (largest[slot] as number) >= wanted;
}

/** is_within_this_va. */
function fits(free: FreeSpace, slot: number, size: Pages, align: Bytes, vstart: Vpn): boolean {
  const start = placeIn(free, slot, align, vstart);
  if (start < vstart) return false;
  const end = start + size;
  // A byte short of the word's end, the last page is not whole.
  return end <= (free.end[slot] as number) && end < free.word;
}

/** Where in an extent a request would lie. */
function placeIn(free: FreeSpace, slot: number, alignment: Bytes, vstart: Vpn): Vpn {
  const first = Math.max(firstPage(free, slot), vstart);
  // Without the division: most requests are for a page's alignment.
  return alignment <= PAGE_SIZE ? first : align(free.word, first, alignment);
}
