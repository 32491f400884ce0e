/**
 * Every state found, in memory that several threads share: as in state-table.ts, but any thread may add states at any
 * time, without a lock. A thread takes numbers by the hundred, writes a state at its next number and only then
 * publishes it, by exchanging a free slot for the number: so a thread that finds a number finds the state. If another
 * thread was faster, the slot holds that thread's number, and the own number is used for the next state.
 *
 * All memory is reserved at once, as the system gives pages of it only when they are written: nothing is ever copied
 * but slots. Those grow, and numbers that were taken and not used are closed up, only while no thread adds.
 */

import { allocated } from "../out-of-memory.ts";
import type { Batch } from "./batch.ts";
import { hash, same } from "./hash.ts";
import { emptyRecentCache, fetchAhead, pick, pickPairs } from "./recent-cache.ts";
import { viewOf } from "./state-table.ts";
import type { SavedTable } from "./visitable.ts";

/** Numbers taken at a time. */
const NUMBERS = 256;
/** States put at a time into more slots. */
const MOVED = 1024;
const FEWEST_SLOTS = 2 ** 16;
/** As many as slots of 32 bits can number. */
const MOST_STATES = 2 ** 30;
/** Bytes of a state's parent and action. */
const ORIGIN_BYTES = 6;
/** The most bytes of one array. */
const MOST_BYTES = 2 ** 34;

/** Counters in `control`: numbers given out, how many slots are in use, and in which of the two places. */
const COUNT = 0;
const LENGTH = 1;
const PLACE = 2;
/** Counters that are not the table's own begin here. */
export const OWN_COUNTERS = 3;
const COUNTERS = 8;

/** The memory that threads share: it can be posted from one to another. */
export interface SharedMemory {
  readonly words: number;
  /** States there is room for. */
  readonly capacity: number;
  readonly states: SharedArrayBuffer;
  readonly parents: SharedArrayBuffer;
  readonly actions: SharedArrayBuffer;
  /** Slots grow from one place into the other. */
  readonly slots: readonly [SharedArrayBuffer, SharedArrayBuffer];
  readonly control: SharedArrayBuffer;
}

/**
 * Reserves room for as many states as fit into `bytes`, and for at least `states`. Throws OutOfMemory if that cannot be
 * reserved.
 */
export function sharedMemory(words: number, bytes: number, states = 0): SharedMemory {
  const fit = Math.min(bytes / (words * 4 + ORIGIN_BYTES), MOST_BYTES / (words * 4), MOST_STATES);
  const capacity = Math.max(FEWEST_SLOTS, states, Math.floor(fit));
  const slots = slotsFor(capacity);
  return allocated(() => ({
    words,
    capacity,
    states: new SharedArrayBuffer(capacity * words * 4),
    parents: new SharedArrayBuffer(capacity * 4),
    actions: new SharedArrayBuffer(capacity * 2),
    slots: [new SharedArrayBuffer(slots * 4), new SharedArrayBuffer(slots * 4)],
    control: new SharedArrayBuffer(COUNTERS * 4),
  }));
}

/** One thread's view. */
export class SharedTable {
  readonly words: number;
  readonly capacity: number;
  readonly states: Int32Array;
  readonly parents: Int32Array;
  readonly actions: Uint16Array;
  readonly control: Int32Array;
  readonly #places: readonly [Int32Array, Int32Array];
  /** The slots in use: as in a StateTable. */
  #slots: Int32Array;
  readonly #recent: Int32Array;
  #unsure = new Int32Array(0);
  #hashes = new Int32Array(MOVED);
  readonly #fetched = new Int32Array(1);
  /** Numbers taken and not used yet. */
  #next = 0;
  #last = 0;

  constructor(memory: SharedMemory) {
    this.words = memory.words;
    this.capacity = memory.capacity;
    this.states = new Int32Array(memory.states);
    this.parents = new Int32Array(memory.parents);
    this.actions = new Uint16Array(memory.actions);
    this.control = new Int32Array(memory.control);
    this.#places = [new Int32Array(memory.slots[0]), new Int32Array(memory.slots[1])];
    this.#slots = this.#places[0];
    this.#recent = emptyRecentCache(this.words);
    if (this.control[LENGTH] === 0) this.control[LENGTH] = FEWEST_SLOTS;
    this.look();
  }

  /** Numbers given out: states, once unused ones are closed up. */
  get count(): number {
    return Atomics.load(this.control, COUNT);
  }
  set count(count: number) {
    Atomics.store(this.control, COUNT, count);
  }

  get slots(): number {
    return this.#slots.length;
  }

  /** Bytes written to, of all that are reserved. */
  get bytes(): number {
    return this.bytesOf(this.count, this.slots);
  }

  /** Bytes with this many states and slots; slots before they grew are still held. */
  bytesOf(states: number, slots: number): number {
    const former = slots > FEWEST_SLOTS ? slots / 2 : 0;
    return states * (this.words * 4 + ORIGIN_BYTES) + (slots + former) * 4 + this.#recent.byteLength;
  }

  /** Looks where the slots are: they may have grown. */
  look(): void {
    const place = this.#places[this.control[PLACE] as 0 | 1];
    const length = this.control[LENGTH] as number;
    if (this.#slots.length !== length || this.#slots.buffer !== place.buffer) {
      this.#slots = place.subarray(0, length);
    }
  }

  read(number: number, into: Int32Array): void {
    const { states, words } = this;
    const base = number * words;
    for (let word = 0; word < words; word++) into[word] = states[base + word] as number;
  }

  is(number: number, form: Int32Array): boolean {
    return same(this.states, number * this.words, form, 0, this.words);
  }

  find(form: Int32Array): number {
    const slots = this.#slots;
    return ((slots[this.#slotOf(form, 0)] as number) & (slots.length - 1)) - 1;
  }

  /** Numbers the states of a batch that no thread has found, and marks them. */
  addAll(batch: Batch): void {
    const { count, capacity, isNew } = batch;
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

  /** Gives back the numbers that this thread took and did not use: where they begin and how many there are. */
  unused(): readonly [number, number] {
    const unused = [this.#next, this.#last - this.#next] as const;
    this.#next = 0;
    this.#last = 0;
    return unused;
  }

  /** The numbers taken by the only thread that adds: all before this one are states. */
  get next(): number {
    return this.#next === this.#last ? this.count : this.#next;
  }

  /**
   * Closes up numbers that were not used, while no thread adds: the last states get them. They are of the last level
   * found, so none of them is a parent yet.
   */
  closeUp(unused: readonly (readonly [number, number])[]): void {
    const free = unused
      .flatMap(([first, some]) => Array.from({ length: some }, (_none, nth) => first + nth))
      .sort((a, b) => a - b);
    const count = this.count - free.length;
    const isFree = new Set(free);
    let last = this.count - 1;
    for (const number of free) {
      while (isFree.has(last)) last -= 1;
      if (number >= count) break;
      this.#renumber(last, number);
      last -= 1;
    }
    this.count = count;
  }

  #renumber(from: number, to: number): void {
    const { words, states } = this;
    const slots = this.#slots;
    const slot = this.#slotOf(states, from * words);
    slots[slot] = ((slots[slot] as number) & -slots.length) | (to + 1);
    states.copyWithin(to * words, from * words, (from + 1) * words);
    this.parents[to] = this.parents[from] as number;
    this.actions[to] = this.actions[from] as number;
  }

  /** The saved form, while no thread adds: views, valid until one does. */
  save(): SavedTable {
    return viewOf(this);
  }

  /** Copies a saved table into this empty one. */
  restore({ states, parents, actions }: SavedTable): void {
    this.states.set(states);
    this.parents.set(parents);
    this.actions.set(actions);
    this.count = parents.length;
    this.#useSlots(slotsFor(this.count));
    this.move(0, this.count);
  }

  /** The most numbers that a thread takes while it adds this many states. */
  mostTaken(states: number): number {
    return states + NUMBERS;
  }

  /** States that fit, with these slots and `bytes`. */
  mostIn(bytes: number): number {
    const fit = (bytes - this.bytesOf(0, this.slots)) / (this.words * 4 + ORIGIN_BYTES);
    return Math.floor(Math.min(this.capacity, (this.slots * 2) / 3, fit));
  }

  /**
   * Prepares more slots for this many states, while no thread adds: all states have to be put there next (`move`).
   * False if there is no memory for that.
   */
  growSlots(states: number, bytes: number): boolean {
    if (states > this.capacity) return false;
    const slots = slotsFor(states);
    if (slots <= this.slots || this.bytesOf(states, slots) > bytes) return false;
    this.#useSlots(slots);
    return true;
  }

  #useSlots(slots: number): void {
    const place = 1 - (this.control[PLACE] as number);
    // This place was used before slots last grew.
    (this.#places[place as 0 | 1] as Int32Array).fill(0, 0, Math.min(slots, this.slots));
    this.control[PLACE] = place;
    this.control[LENGTH] = slots;
    this.look();
  }

  /** Puts the states of these numbers into slots, as other threads put others. */
  move(first: number, end: number): void {
    const { states, words } = this;
    const slots = this.#slots;
    const hashes = this.#hashes;
    const mask = slots.length - 1;
    for (let begin = first; begin < end; begin += MOVED) {
      const some = Math.min(MOVED, end - begin);
      let fetched = 0;
      for (let nth = 0; nth < some; nth++) hashes[nth] = hash(states, (begin + nth) * words, words);
      for (let nth = 0; nth < some; nth++) fetched ^= slots[(hashes[nth] as number) & mask] as number;
      this.#fetched[0] = fetched;
      for (let nth = 0; nth < some; nth++) {
        const hashed = hashes[nth] as number;
        const known = (hashed & ~mask) | (begin + nth + 1);
        let slot = hashed & mask;
        while (slots[slot] !== 0 || Atomics.compareExchange(slots, slot, 0, known) !== 0)
          slot = (slot + 1) & mask;
      }
    }
  }

  /**
   * A slot is set once and stays, so a plain read of a set slot is right, and 7 ns cheaper than an atomic one; the
   * exchange detects a stale free slot. Only before a state is read its slot is read atomically: then the state is seen
   * as it was written before it was published.
   */
  #add({ forms, from, by, isNew }: Batch, nth: number, hashed: number): void {
    const { words, states } = this;
    const slots = this.#slots;
    const mask = slots.length - 1;
    const at = nth * words;
    let number = -1;
    let slot = hashed & mask;
    for (;;) {
      let known = slots[slot] as number;
      if (known === 0) {
        if (number < 0) number = this.#write(forms, at, from[nth] as number, by[nth] as number);
        known = Atomics.compareExchange(slots, slot, 0, (hashed & ~mask) | (number + 1));
        if (known === 0) {
          this.#next = number + 1;
          isNew[nth] = 1;
          return;
        }
      }
      if (((known ^ hashed) & ~mask) === 0) {
        known = Atomics.load(slots, slot);
        if (same(states, ((known & mask) - 1) * words, forms, at, words)) return;
      }
      slot = (slot + 1) & mask;
    }
  }

  /** Writes a state at the next number, which is used only once it is published. */
  #write(forms: Int32Array, at: number, parent: number, action: number): number {
    if (this.#next === this.#last) {
      this.#next = Atomics.add(this.control, COUNT, NUMBERS);
      this.#last = this.#next + NUMBERS;
    }
    const { words, states } = this;
    const number = this.#next;
    const base = number * words;
    for (let word = 0; word < words; word++) states[base + word] = forms[at + word] as number;
    this.parents[number] = parent;
    this.actions[number] = action;
    return number;
  }

  /** Where the state of this form is, or would be, while no thread adds. */
  #slotOf(forms: Int32Array, at: number): number {
    const { words, states } = this;
    const slots = this.#slots;
    const mask = slots.length - 1;
    const hashed = hash(forms, at, words);
    let slot = hashed & mask;
    for (;;) {
      const known = slots[slot] as number;
      if (known === 0) return slot;
      const alike = ((known ^ hashed) & ~mask) === 0;
      if (alike && same(states, ((known & mask) - 1) * words, forms, at, words)) return slot;
      slot = (slot + 1) & mask;
    }
  }
}

/** The slots for this many states: at most two thirds of them are taken. */
function slotsFor(states: number): number {
  let slots = FEWEST_SLOTS;
  while (states * 3 > slots * 2) slots *= 2;
  return slots;
}
