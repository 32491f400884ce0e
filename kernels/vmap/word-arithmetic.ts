/** Address arithmetic as the kernel does it: modulo the word, here counted in pages. */
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
