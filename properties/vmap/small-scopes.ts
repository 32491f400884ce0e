/** Small spaces that the explorer visits completely: their pages, and what callers ask for. */
import { AREAS_ONLY, type Scope, type Window } from "../../spec/vmap/scope.ts";
import { type Cpu, PAGE_SIZE, type Pages } from "../../spec/vmap/vocabulary.ts";

/** Blocks, for callers that map: the pages in a block, at most half of them in one map, and the number of CPUs. */
export interface SpaceOfBlocks extends Space {
  readonly block: Pages;
  readonly cpus: number;
  /** CPU numbers left out between CPU 0 and the others. */
  readonly gap: number;
}

export interface Space {
  /** Pages in the space. */
  readonly pages: Pages;
  /** Requests have sizes from 1 to this. */
  readonly sizes: Pages;
  /** How many alignments, from one page on, each twice the one before. */
  readonly aligns: number;
  /** 1: the whole space. 4: also the upper half, one that begins at an odd page, and a short one at the top. */
  readonly windows: number;
  /** Where the space lies in a word of 64 pages: its first page, or "top" so that it ends where the word does. */
  readonly at: Pages | "top";
}

const WORD: Pages = 64;
/** A multiple of every alignment asked for. */
export const MIDDLE: Pages = 16;

export function spaceScope({ pages, sizes, aligns, windows, at }: Space): Scope {
  // The last page of the word is never inside a window: all ones and a page below it count down alike.
  const begin = at === "top" ? WORD - 1 - pages : at;
  return {
    ...AREAS_ONLY,
    name: `${pages} pages`,
    wordPages: WORD,
    cpus: 1,
    lazyMaxPages: null,
    sizes: Array.from({ length: sizes }, (_none, nth) => nth + 1),
    aligns: Array.from({ length: aligns }, (_none, nth) => PAGE_SIZE * 2 ** nth),
    windows: different(windowsOf(begin, pages).slice(0, windows)),
  };
}

/** On several CPUs the whole space is the vmalloc window: from 6.9 on requests for all of it search pools first. */
export function areasScope(space: Space, cpus: Cpu): Scope {
  const scope = spaceScope(space);
  return cpus === 1 ? scope : { ...scope, cpus, vmalloc: scope.windows[0] as Window };
}

/** The whole space is where maps go. Throws a RangeError for a block of other than 2, 4 or 8 pages. */
export function blocksScope(space: SpaceOfBlocks): Scope {
  const { block, cpus, gap } = space;
  if (![2, 4, 8].includes(block)) throw new RangeError(`blocks of ${block} pages: 2, 4 or 8 can be explored`);
  const scope = spaceScope(space);
  const most = block / 2;
  return {
    ...scope,
    cpus: cpus + gap,
    ...(gap === 0 ? {} : { absentCpus: Array.from({ length: gap }, (_none, nth) => nth + 1) }),
    vmalloc: scope.windows[0] as Window,
    blockPages: block,
    bitsPerLong: most,
    // One more than a block takes: such a map gets an area of its own.
    counts: Array.from({ length: most + 1 }, (_none, nth) => nth + 1),
  };
}

/**
 * The same with this number of pairs of percpu areas to ask for, each a page further apart; the whole space is theirs.
 */
export function withPercpu(scope: Scope, pairs: number): Scope {
  const congruent = Array.from({ length: pairs }, (_none, nth) => {
    return { offsets: [0, nth + 2], sizes: [1, 1], align: PAGE_SIZE };
  });
  return { ...scope, vmalloc: scope.windows[0] as Window, congruent };
}

/** In a space of a few pages two of them may be the same. */
function different(windows: readonly Window[]): readonly Window[] {
  return windows.filter(
    ({ vstart, vend }, nth) =>
      windows.findIndex((each) => each.vstart === vstart && each.vend === vend) === nth,
  );
}

function windowsOf(begin: Pages, pages: Pages): readonly Window[] {
  const vend = begin + pages;
  return [
    { vstart: begin, vend },
    { vstart: begin + Math.ceil(pages / 2), vend },
    { vstart: begin + 1, vend: vend - 1 },
    { vstart: vend - 2, vend },
  ];
}
