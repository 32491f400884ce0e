/**
 * Where the pages of a scope lie in the 32-bit word of a WebAssembly module. A smaller word ends at the same place, so
 * that it wraps there; the pages below it are taken out of the free space. Of a larger word, three stretches exist: its
 * bottom, its top, and the surroundings of the vmalloc window, moved by a distance that keeps every alignment, and the
 * node and the index of every page.
 */
import { InputError } from "../adapters/input-error.ts";
import type { Scope } from "../spec/vmap/scope.ts";
import { PAGE_SIZE, type Pages, type Vpn } from "../spec/vmap/vocabulary.ts";

/** Pages in a 32-bit word. */
export const WORD32: Pages = 2 ** 20;

interface Stretch {
  /** In the pages of the scope. */
  readonly start: Vpn;
  readonly end: Vpn;
  /** The distance added to a page. */
  readonly shift: number;
}

export interface Place {
  /** Pages below the scope's word, which are to be taken out of the free space. */
  readonly carved: Pages;
  /** Throws an InputError for a page outside the word. */
  addressOf(page: Vpn): number;
  /** The same for the end of a window. If it lies between two stretches, it moves to the end of the next lower one. */
  limitOf(page: Vpn): number;
  /** The page of an address. Its byte within the page is dropped. */
  pageOf(address: number): Vpn;
  /** The page at which a range ends: one that ends inside a page has all of it, and 0 is the end of the word. */
  endOf(address: number): Vpn;
}

const EDGE: Pages = 2 ** 15;
/** Twice the largest block, by as many CPUs as there may be: what is moved by a multiple of it stays on its node. */
const STEP: Pages = 2 ** 14;

export function placeOf(scope: Scope): Place {
  const { wordPages } = scope;
  const stretches = wordPages <= WORD32 ? [whole(wordPages)] : around(scope);
  const carved = wordPages <= WORD32 ? WORD32 - wordPages : 0;
  const shifted = (page: Vpn) => {
    const here = stretches.find(({ start, end }) => page >= start && page < end);
    if (here === undefined)
      throw new InputError(
        `page ${page} of ${wordPages} cannot be reached: a tree is compiled for 32 bits, where a space of ${WORD32} pages is expected, or one in use only around its vmalloc window, at its bottom and at its top`,
      );
    return page + here.shift;
  };
  const nearestBelow = (page: Vpn) => {
    if (stretches.some(({ start, end }) => page >= start && page < end)) return page;
    return Math.max(...stretches.filter(({ end }) => end <= page).map(({ end }) => end - 1));
  };
  const back = (page: Vpn) => {
    const here = stretches.find(({ start, end, shift }) => page >= start + shift && page < end + shift);
    return page - (here ?? (stretches[0] as Stretch)).shift;
  };
  return {
    carved,
    addressOf: (page) => (page === wordPages ? 0 : shifted(page) * PAGE_SIZE),
    limitOf: (page) => (page === wordPages ? 0 : shifted(nearestBelow(page)) * PAGE_SIZE),
    pageOf: (address) => back(Math.floor(address / PAGE_SIZE)),
    endOf: (address) => (address === 0 ? wordPages : back(Math.ceil(address / PAGE_SIZE) - 1) + 1),
  };
}

function whole(wordPages: Pages): Stretch {
  return { start: 0, end: wordPages as number, shift: WORD32 - wordPages };
}

function around({ wordPages, vmalloc, cpus }: Scope): readonly Stretch[] {
  const step = STEP * (cpus % 3 === 0 ? 3 : cpus === 5 || cpus === 7 ? cpus : 1);
  const least = 2 * EDGE;
  const moved = (vmalloc.vstart % step) + Math.ceil(least / step) * step;
  const reach = Math.min(WORD32 - 2 * EDGE - moved, wordPages - EDGE - vmalloc.vstart);
  return [
    { start: 0, end: EDGE, shift: 0 },
    { start: wordPages - EDGE, end: wordPages, shift: WORD32 - wordPages },
    {
      start: Math.max(EDGE, vmalloc.vstart - EDGE),
      end: vmalloc.vstart + reach,
      shift: moved - vmalloc.vstart,
    },
  ];
}
