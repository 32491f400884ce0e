/**
 * How a release tests that an address plus a size stays inside the word. Each test takes the address that a search
 * found; after a pass the caller adds them modulo the word.
 */
import type { Alloc } from "../../spec/vmap/commands.ts";
import type { Pages, Vpn } from "../../spec/vmap/vocabulary.ts";

export type WrapTest = (word: Pages, addr: Vpn, request: Alloc) => boolean;

/** 2.6.28: no test at all (catalogue A4). */
export const neverWraps: WrapTest = () => false;

/** `addr + size - 1 < addr`, to 3.10.4: misses an end that is exactly 0 (catalogue A10). */
export const lastByteWraps: WrapTest = (word, addr, request) => addr + request.size > word;

/** `addr + size < addr`, bcb615a81b17 (3.11 and 3.10.y). */
export const endWraps: WrapTest = (word, addr, request) => addr + request.size >= word;
