/**
 * Hash compaction (Stern and Dill, "Improved Probabilistic Verification by Hash Compaction", 1995): of each state found
 * only 64 bits of hash are kept. Two states with the same hash are taken for one, so some states may be omitted; the
 * probability of that is bounded. States not yet visited are kept whole.
 */

import { allocated } from "../out-of-memory.ts";
import { type Batch, emptyBatch } from "./batch.ts";
import { hash } from "./hash.ts";
import { StateTable } from "./state-table.ts";
import type { SavedTable } from "./visitable.ts";

/** Words of hash kept of a state. */
export const COMPACT_WORDS = 2;
const SECOND_SEED = 0x5bd1e995;

export class CompactTable {
  readonly words: number;
  readonly #hashes = new StateTable(COMPACT_WORDS);
  #batch: Batch = emptyBatch(COMPACT_WORDS, 0);
  /** The states whose number is at least `#first`, whole. */
  #waiting: Int32Array;
  #first = 0;

  constructor(words: number) {
    this.words = words;
    this.#waiting = new Int32Array(words * 1024);
  }

  get count(): number {
    return this.#hashes.count;
  }
  get parents(): Int32Array {
    return this.#hashes.parents;
  }
  get actions(): Uint16Array {
    return this.#hashes.actions;
  }
  get bytes(): number {
    return this.#hashes.bytes + this.#waiting.byteLength;
  }

  /** As of a StateTable. */
  bytesWith(more: number): number {
    const wanted = this.#lengthFor(more);
    const larger = wanted === this.#waiting.length ? 0 : wanted * this.#waiting.BYTES_PER_ELEMENT;
    return this.#hashes.bytesWith(more) + this.#waiting.byteLength + larger;
  }

  /** Whether the state of this number has a form of this hash. */
  is(number: number, form: Int32Array): boolean {
    return this.#hashes.is(number, this.#hashOf(form));
  }

  find(form: Int32Array): number {
    return this.#hashes.find(this.#hashOf(form));
  }

  addAll(batch: Batch): void {
    const { count, forms, from, by, continues, isNew } = batch;
    const { words } = this;
    this.#makeRoom(count);
    if (this.#batch.capacity < count) this.#batch = emptyBatch(COMPACT_WORDS, batch.capacity);
    const hashed = this.#batch;
    for (let nth = 0; nth < count; nth++) {
      hashed.forms[nth * COMPACT_WORDS] = hash(forms, nth * words, words);
      hashed.forms[nth * COMPACT_WORDS + 1] = hash(forms, nth * words, words, SECOND_SEED);
      hashed.from[nth] = from[nth] as number;
      hashed.by[nth] = by[nth] as number;
      hashed.continues[nth] = continues[nth] as number;
    }
    hashed.count = count;
    let next = this.count;
    this.#hashes.addAll(hashed);
    for (let nth = 0; nth < count; nth++) {
      isNew[nth] = hashed.isNew[nth] as number;
      if (isNew[nth] === 1) this.#keep(forms, nth * words, next++);
    }
  }

  /** The saved form: whole states from `#first` on. */
  save(): SavedTable {
    const waiting = this.#waiting.subarray(0, (this.count - this.#first) * this.words);
    return { ...this.#hashes.save(), waiting };
  }

  /** As of a StateTable. */
  restore(saved: SavedTable): void {
    const { waiting = new Int32Array(0) } = saved;
    this.#hashes.restore(saved);
    this.#first = this.count - waiting.length / this.words;
    const length = this.#lengthFor(0);
    if (length !== this.#waiting.length) this.#waiting = allocated(() => new Int32Array(length));
    this.#waiting.set(waiting);
  }

  /** Copies a state out. Throws a RangeError for a dropped state. */
  read(number: number, into: Int32Array): void {
    const base = (number - this.#first) * this.words;
    if (base < 0) throw new RangeError(`state ${number} was visited: only its hash is kept`);
    for (let word = 0; word < this.words; word++) into[word] = this.#waiting[base + word] as number;
  }

  /**
   * States before this one were visited, and need not be kept whole. They are dropped once they fill half of the room:
   * so each other state is moved less than once, on average.
   */
  forget(before: number): void {
    const { words } = this;
    const passed = (before - this.#first) * words;
    if (passed * 2 <= this.#waiting.length) return;
    this.#waiting.copyWithin(0, passed, (this.count - this.#first) * words);
    this.#first = before;
  }

  #hashOf(form: Int32Array): Int32Array {
    return Int32Array.of(hash(form, 0, this.words), hash(form, 0, this.words, SECOND_SEED));
  }

  #keep(forms: Int32Array, at: number, number: number): void {
    const base = (number - this.#first) * this.words;
    for (let word = 0; word < this.words; word++) this.#waiting[base + word] = forms[at + word] as number;
  }

  /** Words of room for waiting states, once `more` of them were added. */
  #lengthFor(more: number): number {
    let { length } = this.#waiting;
    while ((this.count - this.#first + more) * this.words > length) length *= 2;
    return length;
  }

  /** Before any state is numbered: then a table without memory for a batch has added nothing of it. */
  #makeRoom(more: number): void {
    const length = this.#lengthFor(more);
    if (length === this.#waiting.length) return;
    const larger = allocated(() => new Int32Array(length));
    larger.set(this.#waiting);
    this.#waiting = larger;
  }
}

/** Bits of hash kept of a state. */
export const COMPACT_BITS: number = 32 * COMPACT_WORDS;

/**
 * The probability that some of these states were taken for another: at most the number of pairs over the number of
 * hashes, if hashes are as good as random.
 */
export function omissionBound(states: number, bits = COMPACT_BITS): number {
  return Math.min(1, (states * (states - 1)) / 2 / 2 ** bits);
}
