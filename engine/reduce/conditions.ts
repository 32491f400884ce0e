/** Conditions on the fields of a packed state, and many of them looked up at once. */
import type { Field } from "../search/layout.ts";

/** That a field has one of some values: bit n of `allowed` for value n. */
export interface Condition {
  readonly field: Field;
  readonly allowed: number;
}

/** A question about several fields near each other. */
export interface Question {
  readonly reads: readonly Field[];
  holds(state: Int32Array): boolean;
}

/** The field has one of these values, each below 32. */
export function has(field: Field, ...values: readonly number[]): Condition {
  return { field, allowed: values.reduce((bits, value) => bits | (1 << value), 0) };
}

/** The field, of at most 32 values, has none of these. */
export function hasNot(field: Field, ...values: readonly number[]): Condition {
  return { field, allowed: ~has(field, ...values).allowed };
}

/** Whether all these conditions hold in a state. */
export function meets(state: Int32Array, conditions: readonly Condition[]): boolean {
  return conditions.every(({ field, allowed }) => allows(allowed, field.get(state)));
}

const allows = (allowed: number, value: number) => value < 32 && ((allowed >>> value) & 1) === 1;

/** Bits of a state looked up at a time, if its fields allow. */
export const USUAL = 8;
/** Bits of the widest field of a condition. */
const WIDEST = 16;

/** Some bits of a word. */
export interface Slice {
  readonly word: number;
  readonly shift: number;
  readonly bits: number;
}

/** The fewest slices that hold these fields, each of at most eight bits but for fields that are wider. */
export function slicesOf(fields: readonly Field[]): Slice[] {
  const slices: Slice[] = [];
  for (const { word, shift, mask } of fields.toSorted((a, b) => a.word - b.word || a.shift - b.shift)) {
    const bits = 32 - Math.clz32(mask);
    const last = slices.at(-1);
    const together = last === undefined ? 0 : Math.max(last.bits, shift + bits - last.shift);
    if (last?.word === word && together <= Math.max(USUAL, last.bits)) {
      slices[slices.length - 1] = { word, shift: last.shift, bits: together };
    } else slices.push({ word, shift, bits });
  }
  return slices;
}

const isWithin = (slice: Slice, { word, shift, bits }: Slice) =>
  slice.word === word && slice.shift >= shift && slice.shift + slice.bits <= shift + bits;

/** The parts of an action to look up, its conditions and its guard if that reads adjacent fields; and the guard left. */
export function askedOf({
  when,
  guard,
  guardReads = [],
}: {
  readonly when: readonly Condition[];
  readonly guard?: Question["holds"];
  readonly guardReads?: readonly Field[];
}): { readonly together: readonly (Condition | Question)[]; readonly guard?: Question["holds"] } {
  const [slice, ...others] = slicesOf(guardReads);
  if (guard === undefined) return { together: when };
  if (slice === undefined || others.length > 0 || slice.bits > USUAL) return { together: when, guard };
  return { together: [...when, { reads: guardReads, holds: guard }] };
}

/**
 * Finds which of some conjunctions of conditions are true in a state. Each slice of a few adjacent fields leaves some
 * conjunctions possible, looked up by the slice's bits. The true conjunctions are those that all slices leave possible.
 * For all actions of a protocol that is ten reads and no branch, in place of a hundred of each: states were expanded in
 * half the time.
 */
export class ConditionTable {
  /** The conjunctions found last, a bit each. */
  readonly set: Int32Array;
  /** The conjunctions without conditions. */
  readonly #all: Int32Array;
  /** Four numbers for each slice: its word, shift and mask, and where its sets begin. */
  readonly #slices: Int32Array;
  readonly #sets: Int32Array;

  /** Throws a RangeError for a condition on a field of more than 16 bits. */
  constructor(conjunctions: readonly (readonly (Condition | Question)[])[]) {
    const slices: number[] = [];
    const sets: number[] = [];
    const fieldsOf = (asked: Condition | Question) => ("field" in asked ? [asked.field] : asked.reads);
    const sliceOf = (asked: Condition | Question) => slicesOf(fieldsOf(asked))[0] as Slice;
    const together = slicesOf(conjunctions.flat().flatMap((asked) => ("field" in asked ? asked.field : [])));
    for (const slice of conjunctions.flat().map(sliceOf)) {
      if (!together.some((each) => isWithin(slice, each))) together.push(slice);
    }
    for (const { word, shift, bits } of together) {
      if (bits > WIDEST) throw new RangeError(`conditions on a field of ${bits} bits: ${WIDEST} at most`);
      slices.push(word, shift, 2 ** bits - 1, sets.length);
      const onSlice = conjunctions.map((conjunction) =>
        conjunction.filter((asked) => isWithin(sliceOf(asked), { word, shift, bits })),
      );
      const holds = (asked: Condition | Question, state: Int32Array) =>
        "field" in asked ? meets(state, [asked]) : asked.holds(state);
      for (let value = 0; value < 2 ** bits; value++) {
        const state = new Int32Array(word + 1);
        state[word] = value << shift;
        sets.push(...bitsOf(onSlice.map((all) => all.every((asked) => holds(asked, state)))));
      }
    }
    this.#all = bitsOf(conjunctions.map(() => true));
    this.set = this.#all.slice();
    this.#slices = Int32Array.from(slices);
    this.#sets = Int32Array.from(sets);
  }

  /** Finds those that are true in the state whose words begin there. False if none is. */
  find(states: Int32Array, at: number): boolean {
    const { set } = this;
    const all = this.#all;
    const slices = this.#slices;
    const sets = this.#sets;
    const size = set.length;
    for (let part = 0; part < size; part++) set[part] = all[part] as number;
    for (let nth = 0; nth < slices.length; nth += 4) {
      const read = (states[at + (slices[nth] as number)] as number) >>> (slices[nth + 1] as number);
      const base = (slices[nth + 3] as number) + (read & (slices[nth + 2] as number)) * size;
      for (let part = 0; part < size; part++) {
        set[part] = (set[part] as number) & (sets[base + part] as number);
      }
    }
    let some = 0;
    for (let part = 0; part < size; part++) some |= set[part] as number;
    return some !== 0;
  }

  /** Whether this one is among those found. */
  found(nth: number): boolean {
    return (((this.set[nth >>> 5] as number) >>> (nth & 31)) & 1) === 1;
  }
}

function bitsOf(flags: readonly boolean[]): Int32Array {
  const bits = new Int32Array(Math.ceil(flags.length / 32));
  for (const [nth, flag] of flags.entries()) {
    if (flag) bits[nth >>> 5] = (bits[nth >>> 5] as number) | (1 << (nth & 31));
  }
  return bits;
}
