/** Address arithmetic as the kernel does it: modulo the word, here counted in pages. */
import type { Alloc } from "../../spec/vmap/commands.ts";
import { alignmentInPages, alignUp, type Bytes, type Pages, type Vpn } from "../../spec/vmap/vocabulary.ts";

/** addr + pages, wrapping at the top of the word. Both must be at most one word. */
export function add(word: Pages, addr: Vpn, pages: Pages): Vpn {
  const sum = addr + pages;
  return sum >= word ? sum - word : sum;
}

/** addr - pages, wrapping below 0. */
export function subtract(word: Pages, addr: Vpn, pages: Pages): Vpn {
  const rest = addr - pages;
  return rest < 0 ? rest + word : rest;
}

/** to - from as an unsigned difference. */
export function distance(word: Pages, from: Vpn, to: Vpn): Pages {
  return to >= from ? to - from : to - from + word;
}

/** ALIGN(addr, align): the next multiple at or above, wrapping to 0 at the top of the word, as 2^W does. */
export function align(word: Pages, addr: Vpn, alignment: Bytes): Vpn {
  const step = alignmentInPages(alignment);
  const up = Math.ceil(addr / step) * step;
  return up >= word ? up - word : up;
}

/** The same without the wrap: the address may be 2^W, which any test of the end then refuses. */
export function alignWithoutWrap(_word: Pages, addr: Vpn, alignment: Bytes): Vpn {
  return alignUp(addr, alignment);
}

// How a release tests that an address plus a size stays inside the word. Each test takes the address that a search
// found; after a pass the caller adds them modulo the word.

export type WrapTest = (word: Pages, addr: Vpn, request: Alloc) => boolean;

/** 2.6.28: no test at all (catalogue A4). */
export const neverWraps: WrapTest = () => false;

/** `addr + size - 1 < addr`, to 3.10.4: misses an end that is exactly 0 (catalogue A10). */
export const lastByteWraps: WrapTest = (word, addr, request) => addr + request.size > word;

/** `addr + size < addr`, bcb615a81b17 (3.11 and 3.10.y). */
export const endWraps: WrapTest = (word, addr, request) => addr + request.size >= word;
