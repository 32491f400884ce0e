/**
 * Hash compaction (Stern and Dill, "Improved Probabilistic Verification by Hash Compaction", 1995): of each state
 * met only 64 bits of hash are kept. Two states that agree in them are taken for one, so some may be left out,
 * and all that can be said of the rest is how likely that is. States not visited yet are kept whole.
 */
import { type Batch, emptyBatch } from "./batch.ts";
import { hash, StateTable } from "./state-table.ts";

/** Words of hash kept of a state. */
const KEPT = 2;
const SECOND_SEED = 0x5bd1e995;

export class CompactTable {
  readonly words: number;
  readonly #hashes = new StateTable(KEPT);
  #batch: Batch = emptyBatch(KEPT, 0);
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

  /** Whether the state of this number has a form of this hash. */
  is(number: number, form: Int32Array): boolean {
    return this.#hashes.is(number, this.#hashOf(form));
  }

  find(form: Int32Array): number {
    return this.#hashes.find(this.#hashOf(form));
  }

  addAll(batch: Batch): void {
    const { count, forms, from, by, goesOn, isNew } = batch;
    const { words } = this;
    if (this.#batch.capacity < count) this.#batch = emptyBatch(KEPT, batch.capacity);
    const hashed = this.#batch;
    for (let nth = 0; nth < count; nth++) {
      hashed.forms[nth * KEPT] = hash(forms, nth * words, words);
      hashed.forms[nth * KEPT + 1] = hash(forms, nth * words, words, SECOND_SEED);
      hashed.from[nth] = from[nth] as number;
      hashed.by[nth] = by[nth] as number;
      hashed.goesOn[nth] = goesOn[nth] as number;
    }
    hashed.count = count;
    let next = this.count;
    this.#hashes.addAll(hashed);
    for (let nth = 0; nth < count; nth++) {
      isNew[nth] = hashed.isNew[nth] as number;
      if (isNew[nth] === 1) this.#keep(forms, nth * words, next++);
    }
  }

  /** Copies a state out that was not read before: they are read in the order of their numbers. */
  read(number: number, into: Int32Array): void {
    const base = (number - this.#first) * this.words;
    for (let word = 0; word < this.words; word++) into[word] = this.#waiting[base + word] as number;
    if (base * 2 > this.#waiting.length && base > 2 ** 16) this.#forgetBefore(number);
  }

  #hashOf(form: Int32Array): Int32Array {
    return Int32Array.of(hash(form, 0, this.words), hash(form, 0, this.words, SECOND_SEED));
  }

  #keep(forms: Int32Array, at: number, number: number): void {
    const base = (number - this.#first) * this.words;
    if (base + this.words > this.#waiting.length) {
      const larger = new Int32Array(this.#waiting.length * 2);
      larger.set(this.#waiting);
      this.#waiting = larger;
    }
    for (let word = 0; word < this.words; word++) this.#waiting[base + word] = forms[at + word] as number;
  }

  #forgetBefore(number: number): void {
    this.#waiting.copyWithin(0, (number - this.#first) * this.words, (this.count - this.#first) * this.words);
    this.#first = number;
  }
}

/** Bits of hash kept of a state. */
export const COMPACT_BITS: number = 32 * KEPT;

/**
 * How likely it is that some of so many states were taken for another: at most the number of pairs over the number
 * of hashes, if hashes are as good as drawn.
 */
export function omissionBound(states: number, bits = COMPACT_BITS): number {
  return Math.min(1, (states * (states - 1)) / 2 / 2 ** bits);
}
