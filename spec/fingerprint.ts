/**
 * A fingerprint of 128 bits, by which an explorer distinguishes states. Each part of a state adds, number by number,
 * everything that a later reply or verdict may depend on. Two different states have the same fingerprint with a
 * probability of about 2^-128. Among a million states, a collision has a probability below 2^-88.
 */
import type { Pfn } from "./vmap/vocabulary.ts";

export const FINGERPRINT_BITS = 128;
export const FINGERPRINT_WORDS: number = FINGERPRINT_BITS / 32;

/** Ends a list: no page, count or flag is negative. */
export const LIST_END = -1;

/** Four lanes. Each is mixed as in MurmurHash3, with its own constants, and then with its neighbour. */
export class Fingerprint {
  #a = 0;
  #b = 0;
  #c = 0;
  #d = 0;
  /** Frames in the order of their first appearance. A frame is added as its position here. */
  readonly #added: Pfn[] = [];
  #count = 0;

  /** Starts the fingerprint of another state. */
  begin(): void {
    this.#a = 0x239b961b;
    this.#b = 0xab0e9789 | 0;
    this.#c = 0x38b34ae5;
    this.#d = 0xa1e38b93 | 0;
    this.#count = 0;
  }

  /** A page, a size, a count: any integer. After a list the caller also adds its end. */
  add(value: number): void {
    const low = value | 0;
    this.#mix(low);
    // More than 32 bits: an address of a machine as wide as a real one.
    if (low !== value) {
      this.#mix(Math.floor(value / 2 ** 32) | 0);
      this.#mix(0x5bd1e995);
    }
  }

  addAll(values: readonly number[]): void {
    for (const value of values) this.add(value);
  }

  /** As many as there are, and their end. */
  addList(values: Iterable<number>): void {
    for (const value of values) this.add(value);
    this.add(LIST_END);
  }

  /** A frame. Its number makes no difference, only where else it was added. */
  addFrame(frame: Pfn): void {
    this.#mix(this.#placeOf(frame));
  }

  addFrames(first: Pfn, pages: number): void {
    for (let nth = 0; nth < pages; nth++) this.addFrame(first + nth);
  }

  /** Whether this frame was added before. */
  knows(frame: Pfn): boolean {
    for (let at = 0; at < this.#count; at++) if (this.#added[at] === frame) return true;
    return false;
  }

  /** Writes its words from `at` on. */
  write(into: Int32Array, at: number): void {
    into[at] = final(this.#a);
    into[at + 1] = final(this.#b);
    into[at + 2] = final(this.#c);
    into[at + 3] = final(this.#d);
  }

  #placeOf(frame: Pfn): number {
    const added = this.#added;
    const count = this.#count;
    for (let at = 0; at < count; at++) if (added[at] === frame) return at;
    added[count] = frame;
    this.#count = count + 1;
    return count;
  }

  #mix(word: number): void {
    const a = this.#a ^ Math.imul(rotate(Math.imul(word, 0x239b961b), 15), 0xab0e9789);
    const b = this.#b ^ Math.imul(rotate(Math.imul(word, 0xab0e9789), 16), 0x38b34ae5);
    const c = this.#c ^ Math.imul(rotate(Math.imul(word, 0x38b34ae5), 17), 0xa1e38b93);
    const d = this.#d ^ Math.imul(rotate(Math.imul(word, 0xa1e38b93), 18), 0x239b961b);
    this.#a = (Math.imul((rotate(a, 19) + b) | 0, 5) + 0x561ccd1b) | 0;
    this.#b = (Math.imul((rotate(b, 17) + c) | 0, 5) + 0x0bcaa747) | 0;
    this.#c = (Math.imul((rotate(c, 15) + d) | 0, 5) + 0x96cd1c35) | 0;
    this.#d = (Math.imul((rotate(d, 13) + this.#a) | 0, 5) + 0x32ac3b17) | 0;
  }
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

/** MurmurHash3's finaliser: every bit of a word changes about half of the others. */
function final(word: number): number {
  let mixed = word;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
