/**
 * Every state found, in that order, in flat memory: the words that identify it, its parent and the action, and an
 * open-addressing table from a hash to its number. At two words a state that is 8 bytes, 6 for its origin, and 6 to 12
 * of the table.
 *
 * Among millions of states nearly every lookup waits for memory: 30 ns, while the rest of a transition takes 50. Three
 * measures halved the time of large searches. A small cache holds recent states. A slot holds enough of its state's
 * hash that hardly any wrong state is read. And the reads of a batch are prefetched.
 */

import { allocated } from "../out-of-memory.ts";
import type { Batch } from "./batch.ts";
import { hash, same } from "./hash.ts";
import { emptyRecentCache, fetchAhead, pick, pickPairs, powerOfTwo } from "./recent-cache.ts";
import type { SavedTable } from "./visitable.ts";

/** States put at a time into a larger table. */
const MOVED = 1024;
export class StateTable {
  readonly words: number;
  count = 0;
  states: Int32Array;
  parents: Int32Array;
  actions: Uint16Array;
  /**
   * Numbers of states plus one, 0 where free; never more than two thirds full. So a number needs no more bits than
   * distinguish slots, the low ones of a hash; above it are the other bits of its state's hash.
   */
  #slots: Int32Array;
  /** Recent states by low bits of their hashes; a newer state replaces an older one. */
  readonly #recent: Int32Array;
  /** Of a batch: transitions to states that are not among the recent ones, and the hashes of those. */
  #unsure = new Int32Array(0);
  #hashes = new Int32Array(MOVED);
  /** Prefetched values go here, so that no compiler drops the reads. */
  readonly #fetched = new Int32Array(1);

  constructor(words: number, capacity = 1024) {
    this.words = words;
    this.states = new Int32Array(capacity * words);
    this.parents = new Int32Array(capacity);
    this.actions = new Uint16Array(capacity);
    this.#slots = new Int32Array(powerOfTwo(capacity) * 2);
    this.#recent = emptyRecentCache(words);
  }

  /** Bytes held. */
  get bytes(): number {
    const arrays = [this.states, this.parents, this.actions, this.#slots, this.#recent];
    return arrays.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /** The most bytes held while `more` states are added: of a growing array, its old and its new form. */
  bytesWith(more: number): number {
    const wanted = this.count + more;
    const capacity = this.#capacityFor(wanted);
    const states = capacity === this.parents.length ? 0 : capacity * (this.words * 4 + 6);
    const length = this.#slotsFor(wanted);
    const slots = length === this.#slots.length ? 0 : length * 4;
    return this.bytes + states + slots;
  }

  /** The saved form. */
  save(): SavedTable {
    return viewOf(this);
  }

  /** Takes over the arrays of a saved table into this empty one. Throws OutOfMemory. */
  restore({ states, parents, actions }: SavedTable): void {
    this.states = states;
    this.parents = parents;
    this.actions = actions;
    this.count = parents.length;
    this.#growSlots(this.#slotsFor(this.count));
  }

  /** Nothing to do: states are kept, visited or not. */
  forget(_before: number): void {}

  /** Numbers the new states of a batch, in its order, and marks them. */
  addAll(batch: Batch): void {
    const { count, capacity, isNew } = batch;
    this.#makeRoom(count);
    if (this.#unsure.length < count) {
      this.#unsure = new Int32Array(capacity);
      this.#hashes = new Int32Array(Math.max(MOVED, capacity));
    }
    isNew.fill(0, 0, count);
    const unsure = this.#unsure;
    const hashes = this.#hashes;
    const picked = (this.words === 2 ? pickPairs : pick)(batch, this.#recent, unsure, hashes);
    this.#fetched[0] = fetchAhead(this, this.#slots, hashes, picked);
    for (let at = 0; at < picked; at++) this.#add(batch, unsure[at] as number, hashes[at] as number);
  }

  /** The number of a state; negative if it was not found. */
  find(form: Int32Array): number {
    return this.#numberIn(this.#slotOf(form, 0, hash(form, 0, this.words)));
  }

  /** Whether the state of this number has this form. */
  is(number: number, form: Int32Array): boolean {
    return same(this.states, number * this.words, form, 0, this.words);
  }

  /** Copies a state out. */
  read(number: number, into: Int32Array): void {
    const { states, words } = this;
    const base = number * words;
    for (let word = 0; word < words; word++) into[word] = states[base + word] as number;
  }

  #add({ forms, from, by, isNew }: Batch, nth: number, hashed: number): void {
    const { words, states } = this;
    const slots = this.#slots;
    const at = nth * words;
    const slot = this.#slotOf(forms, at, hashed);
    if (slots[slot] !== 0) return;
    const number = this.count;
    this.count = number + 1;
    slots[slot] = (hashed & -slots.length) | (number + 1);
    const base = number * words;
    for (let word = 0; word < words; word++) states[base + word] = forms[at + word] as number;
    this.parents[number] = from[nth] as number;
    this.actions[number] = by[nth] as number;
    isNew[nth] = 1;
  }

  /** The slot of the state of this form, or the free slot for it. */
  #slotOf(forms: Int32Array, at: number, hashed: number): number {
    const { words, states } = this;
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hashed & mask;
    for (;;) {
      const known = slots[slot] as number;
      if (known === 0) return slot;
      const alike = ((known ^ hashed) & ~mask) === 0;
      if (alike && same(states, ((known & mask) - 1) * words, forms, at, words)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  /** The number there; -1 if it is free. */
  #numberIn(slot: number): number {
    const slots = this.#slots;
    return ((slots[slot] as number) & (slots.length - 1)) - 1;
  }

  /** States that fit, once there is room for `count`. */
  #capacityFor(wanted: number): number {
    const capacity = this.parents.length;
    return wanted > capacity ? Math.max(wanted, Math.ceil(capacity * 1.5)) : capacity;
  }

  #slotsFor(wanted: number): number {
    let { length } = this.#slots;
    while (wanted * 3 > length * 2) length *= 2;
    return length;
  }

  /** Makes room for `more` states. Throws OutOfMemory if there is no memory for them. */
  #makeRoom(more: number): void {
    const capacity = this.#capacityFor(this.count + more);
    if (capacity !== this.parents.length) this.#growStates(capacity);
    const slots = this.#slotsFor(this.count + more);
    if (slots !== this.#slots.length) this.#growSlots(slots);
  }

  #growStates(capacity: number): void {
    const [states, parents, actions] = allocated(() => [
      new Int32Array(capacity * this.words),
      new Int32Array(capacity),
      new Uint16Array(capacity),
    ]);
    this.states = grown(this.states, states);
    this.parents = grown(this.parents, parents);
    this.actions = grown(this.actions, actions);
  }

  #growSlots(length: number): void {
    const { states, words, count } = this;
    const hashes = this.#hashes;
    const slots = allocated(() => new Int32Array(length));
    const mask = slots.length - 1;
    for (let first = 0; first < count; first += MOVED) {
      const some = Math.min(MOVED, count - first);
      let fetched = 0;
      for (let nth = 0; nth < some; nth++) hashes[nth] = hash(states, (first + nth) * words, words);
      for (let nth = 0; nth < some; nth++) fetched ^= slots[(hashes[nth] as number) & mask] as number;
      this.#fetched[0] = fetched;
      for (let nth = 0; nth < some; nth++) {
        const hashed = hashes[nth] as number;
        let slot = hashed & mask;
        while (slots[slot] !== 0) slot = (slot + 1) & mask;
        slots[slot] = (hashed & ~mask) | (first + nth + 1);
      }
    }
    this.#slots = slots;
  }
}

function grown<T extends Int32Array | Uint16Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** What is saved of a table that keeps states: views, valid until it grows or changes. */
export function viewOf({
  words,
  count,
  states,
  parents,
  actions,
}: SavedTable & { readonly count: number }): SavedTable {
  return {
    words,
    states: states.subarray(0, count * words),
    parents: parents.subarray(0, count),
    actions: actions.subarray(0, count),
  };
}
