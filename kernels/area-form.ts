/**
 * What tells the states of a kernel apart when callers only allocate, free and purge: two bits a page, and the
 * free-area cache. It leaves out what no later reply depends on: in which slots descriptors lie, in which order areas
 * were freed, and, but for kernels that read more out of it than which area comes next, the shape of the tree. That, and each reduction, is held true by a test that compares states
 * which look alike here with one another, action by action (properties/reductions.test.ts).
 */
import type { StateForm } from "../spec/kernel.ts";
import type { GuardRule } from "../spec/releases.ts";
import { lazyMaxPages, type Scope } from "../spec/scope.ts";
import type { Bytes, Pages, Vpn } from "../spec/vocabulary.ts";
import { NONE } from "./areas.ts";
import type { BusyAreas } from "./busy.ts";
import { firstOf } from "./free-space.ts";
import { next, type TreeLinks } from "./rbtree.ts";
import type { State } from "./state.ts";

/** What a page is, in two bits; 0 is free. */
const BUSY_START = 1;
const LAZY_START = 2;
const GOES_ON = 3;
const PAGES_IN_WORD = 16;
/** Of a tree's shape: six bits an area. */
const AREAS_IN_WORD = 5;

/** The widest space that is packed: the cache's fields have six bits each. */
const MOST_PAGES = 62;

const REDUCTIONS = [
  "no cached area: its other fields do not matter",
  "a hole larger than any request: as good as no cached area",
] as const;

/** Not for kernels that read the tree's shape: they may tell two areas from one. */
const JOINING =
  "neighbouring lazy areas between which nothing fits: one area, if no window begins there and the lower is not the cached one";

interface Packing {
  readonly base: Vpn;
  readonly pages: Pages;
  readonly words: number;
  readonly aligns: readonly Bytes[];
  readonly mostSize: Pages;
  /** Pages between two areas below which nothing fits there. */
  readonly usableGap: Pages;
  readonly windowStarts: readonly Vpn[];
  /** Whether so many pages can be lazy that a free purges. */
  readonly countsLazy: boolean;
  readonly reduced: boolean;
  /** Neighbouring lazy areas may be one. */
  readonly joins: boolean;
  /** What a search finds or remembers depends on the tree's shape. */
  readonly readsTree: boolean;
  readonly freeTree: AreaSteps["freeTree"];
  readonly busy: Pick<BusyAreas, "list">;
  isLazy(state: State, slot: number): boolean;
}

/** What a kernel's own steps say of its areas. */
export interface AreaSteps {
  readonly busy: Pick<BusyAreas, "list">;
  isLazy(state: State, slot: number): boolean;
  /** Whether what a search finds or remembers depends on the tree's shape, as with the drafts. */
  readonly readsTree: boolean;
  /**
   * Of a kernel with a tree of free space, whose shape is part of its states: whether a purge gives extents back in the
   * order in which they were let go, or by address.
   */
  readonly freeTree?: "given back in order" | "given back by address";
}

/** The form for this scope. Throws a RangeError where its windows span more than 62 pages, or nothing. */
export function areaForm(
  scope: Scope,
  guard: GuardRule,
  reduced: boolean,
  { busy, isLazy, readsTree, freeTree }: AreaSteps,
): StateForm<State> {
  const base = Math.min(...scope.windows.map(({ vstart }) => vstart));
  const end = Math.max(...scope.windows.map(({ vend }) => vend)) + guard.inside;
  const pages = end - base;
  if (!(pages >= 1 && pages <= MOST_PAGES)) {
    throw new RangeError(`its windows span ${pages} pages: from 1 to ${MOST_PAGES} can be packed`);
  }
  const packing: Packing = {
    base,
    pages,
    words: Math.ceil(pages / PAGES_IN_WORD),
    aligns: scope.aligns,
    mostSize: Math.max(...scope.sizes) + guard.inside,
    // Not what is wanted before the next area: some kernels promise that page and forget it (A8).
    usableGap: guard.afterArea + Math.min(...scope.sizes) + guard.inside,
    windowStarts: scope.windows.map(({ vstart }) => vstart),
    countsLazy: lazyMaxPages(scope) < pages,
    reduced,
    joins: reduced && !readsTree && freeTree === undefined,
    readsTree,
    freeTree,
    busy,
    isLazy,
  };
  const joining = packing.joins ? [JOINING] : [];
  return {
    words: packing.words + 1 + (readsTree ? treeWords(pages) : 0) + (freeTree ? 2 * treeWords(pages + 2) : 0),
    reductions: reduced && freeTree === undefined ? [...REDUCTIONS, ...joining] : [],
    write: (state, into, at) => write(packing, state, into, at),
  };
}

function write(packing: Packing, state: State, into: Int32Array, at: number): void {
  const { base, words, reduced, joins: mayJoin, isLazy } = packing;
  const { areas } = state;
  packing.busy.list(areas);
  for (let word = 0; word <= words; word++) into[at + word] = 0;
  if (packing.readsTree)
    writeTree(
      areas,
      areas.listHead,
      (slot) => areas.listNext[slot] as number,
      into,
      at + words + 1,
      treeWords(packing.pages),
    );
  if (packing.freeTree) writeFreeSpace(packing, state, into, at);
  const usesCache = state.freeVmapCache !== NONE && !(reduced && state.cachedHoleSize > packing.mostSize);
  let cached = 0;
  // Start of the lazy area that the next one may be joined to; -1 if the last one is not lazy.
  let joinable = -1;
  let lastEnd = 0;
  for (let slot = areas.listHead; slot !== NONE; slot = areas.listNext[slot] as number) {
    const start = (areas.start[slot] as number) - base;
    const end = (areas.end[slot] as number) - base;
    const lazy = isLazy(state, slot);
    const joins = mayJoin && lazy && joinable >= 0 && isSeamDead(packing, lastEnd, start, end);
    if (slot === state.freeVmapCache && usesCache) cached = (joins ? joinable : start) + 1;
    if (joins) {
      for (let page = lastEnd; page < end; page++) setPage(into, at, page, GOES_ON);
    } else {
      setPage(into, at, start, lazy ? LAZY_START : BUSY_START);
      for (let page = start + 1; page < end; page++) setPage(into, at, page, GOES_ON);
    }
    // Where a search goes on after the cached area depends on that area's own end.
    if (!lazy || (usesCache && slot === state.freeVmapCache)) joinable = -1;
    else if (!joins) joinable = start;
    lastEnd = end;
  }
  if (usesCache || !reduced) into[at + words] = cacheWord(packing, state, cached);
  if (packing.countsLazy) into[at + words] = (into[at + words] as number) | (state.lazyPages << 26);
}

function setPage(into: Int32Array, at: number, page: Pages, what: number): void {
  const word = at + (page >> 4);
  into[word] = (into[word] as number) | (what << ((page & 15) << 1));
}

/** Words for the nodes of a tree: there are no more than pages. */
function treeWords(pages: Pages): number {
  return Math.ceil(pages / AREAS_IN_WORD);
}

/** Each node's depth in the tree and its colour, by address: that is the tree. */
function writeTree(
  tree: TreeLinks,
  first: number,
  next: (slot: number) => number,
  into: Int32Array,
  at: number,
  words: number,
): void {
  into.fill(0, at, at + words);
  let nth = 0;
  for (let slot = first; slot !== NONE; slot = next(slot), nth++) {
    let depth = 1;
    for (let up = tree.parent[slot] as number; up !== NONE; up = tree.parent[up] as number) depth += 1;
    writeSixBits(into, at, nth, (depth << 1) | (tree.red[slot] as number));
  }
}

function writeSixBits(into: Int32Array, at: number, nth: number, bits: number): void {
  const word = at + Math.floor(nth / AREAS_IN_WORD);
  into[word] = (into[word] as number) | (bits << (6 * (nth % AREAS_IN_WORD)));
}

/** The lazy areas that stand apart, the free tree, and where lazy areas begin in the order they are given back in. */
function writeFreeSpace(
  packing: Packing,
  { areas, free, purgeHead }: State,
  into: Int32Array,
  at: number,
): void {
  const { base, pages, freeTree } = packing;
  const words = treeWords(pages + 2);
  const from = at + packing.words + 1;
  writeTree(free, firstOf(free), (slot) => next(free, slot), into, from, words);
  into.fill(0, from + words, from + 2 * words);
  let nth = 0;
  for (let slot = purgeHead; slot !== NONE; slot = areas.purgeNext[slot] as number, nth++) {
    const start = (areas.start[slot] as number) - base;
    const end = (areas.end[slot] as number) - base;
    setPage(into, at, start, LAZY_START);
    for (let page = start + 1; page < end; page++) setPage(into, at, page, GOES_ON);
    if (freeTree === "given back in order") writeSixBits(into, from + words, nth, start + 1);
  }
}

/** Whether nothing fits between two areas, and no window begins where only one of them would be below it. */
function isSeamDead(packing: Packing, lastEnd: Pages, start: Pages, end: Pages): boolean {
  if (start - lastEnd >= packing.usableGap) return false;
  const { windowStarts, base } = packing;
  for (let nth = 0; nth < windowStarts.length; nth++) {
    const window = (windowStarts[nth] as number) - base;
    if (lastEnd < window && window <= end) return false;
  }
  return true;
}

function cacheWord(packing: Packing, state: State, cached: number): number {
  const { base, aligns } = packing;
  const vstart = state.cachedVstart < base ? 0 : state.cachedVstart - base + 1;
  return (
    cached | (state.cachedHoleSize << 6) | (vstart << 12) | ((aligns.indexOf(state.cachedAlign) + 1) << 18)
  );
}
