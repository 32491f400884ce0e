/** Numbers in the text of an event, and how they become pages. */
import type { Vpn } from "../../../spec/vmap/vocabulary.ts";

const PAGE_DIGITS = 3;

/** The text of a field such as `start=`, up to the next space; undefined if there is none. */
export function fieldOf(text: string, name: string): string | undefined {
  let at = text.indexOf(name);
  // `start=` also ends `vstart=`.
  while (at > 0 && text[at - 1] !== " ") at = text.indexOf(name, at + 1);
  if (at < 0) return undefined;
  const from = text[at + name.length] === " " ? at + name.length + 1 : at + name.length;
  const end = text.indexOf(" ", from);
  return end < 0 ? text.slice(from) : text.slice(from, end);
}

/** An address as a page: exact for every multiple of a page; one inside a page lies half a page behind its start. */
export function pageOf(digits: string | undefined): Vpn | undefined {
  if (digits === undefined) return undefined;
  if (digits.startsWith("0x")) return hexPage(digits);
  if (!/^-?\d+$/.test(digits)) return undefined;
  const bytes = BigInt.asUintN(64, BigInt(digits));
  return Number(bytes >> 12n) + ((bytes & 4095n) === 0n ? 0 : 0.5);
}

function hexPage(digits: string): Vpn | undefined {
  const cut = digits.length - PAGE_DIGITS;
  const low = digits.slice(Math.max(2, cut));
  const page = cut <= 2 ? 0 : Number.parseInt(digits.slice(2, cut), 16);
  if (Number.isNaN(page) || !/^[\da-f]+$/i.test(low)) return undefined;
  return /^0+$/.test(low) ? page : page + 0.5;
}

/** A number of bytes, such as an alignment; exact for powers of two. */
export function bytesOf(digits: string | undefined): number | undefined {
  if (digits === undefined || !/^(0x[\da-f]+|\d+)$/i.test(digits)) return undefined;
  return Number(digits);
}

/** Whether a pointer is an error number in place of one (ERR_PTR), or nothing. */
export function isNoPointer(digits: string): boolean {
  return /^(0x)?0*$/.test(digits) || /^(0x)?f{5}(f{8})?[\da-f]{3}$/i.test(digits) || digits === "(null)";
}
