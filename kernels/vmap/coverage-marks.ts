/**
 * What can happen inside a call without showing in a reply: bits that a kernel sets while it acts, so that a run can
 * say whether it took a path. They have no effect on any answer.
 */
export const MARKS = {
  cacheHit: 1 << 0,
  cacheResetEmpty: 1 << 1,
  cacheResetSmallerSize: 1 << 2,
  cacheResetLowerVstart: 1 << 3,
  cacheResetSmallerAlign: 1 << 4,
  cacheBelowWindow: 1 << 5,
  freeMovedCache: 1 << 6,
  freeClearedCache: 1 << 7,
  searchWrapped: 1 << 8,
  placedAfterPurge: 1 << 9,
  fitWhole: 1 << 10,
  fitLeftEdge: 1 << 11,
  fitRightEdge: 1 << 12,
  fitInside: 1 << 13,
  searchWentBack: 1 << 14,
  placedFromPool: 1 << 15,
} as const;

export type Mark = keyof typeof MARKS;

const NAMES = Object.keys(MARKS) as Mark[];

/** Made once for each combination that occurs: a search reads it after every transition. */
const byBits = new Map<number, readonly Mark[]>();

/** The names of the bits set. */
export function markNames(bits: number): readonly Mark[] {
  let names = byBits.get(bits);
  if (names === undefined) {
    names = NAMES.filter((name) => (bits & MARKS[name]) !== 0);
    byBits.set(bits, names);
  }
  return names;
}
