/** Swaps of two neighbours of an index set, of which symmetry.ts makes every renumbering. */
import type { Field, IndexSet, Layout } from "../search/layout.ts";

/** A swap of two indices of a set. */
interface Swap {
  readonly set: IndexSet;
  readonly low: number;
  readonly high: number;
}

/**
 * What a swap of neighbours does to a state, as operations on whole words: bits that change places, all bits at one
 * distance at once, and indices that change their value, all indices of a word at once. This takes some 20 ns; looking
 * up what each byte of a state becomes took five times that.
 */
export class Swaps {
  /**
   * For each swap, after their count, its exchanges: low word, high word, distance, mask. Then, after theirs, its
   * renamings: word, the indices' lowest bits, one value and the other in all their places, both at once, bits.
   */
  readonly #program: Int32Array;
  /** Where the swap of a member and the one before it begins. */
  readonly #begins: Int32Array;

  constructor(layout: Layout, members: Members) {
    const program: number[] = [];
    this.#begins = new Int32Array(members.count);
    for (const [nth, set] of members.sets.entries()) {
      for (let high = 1; high < set.size; high++) {
        const swap = { set, low: high - 1, high };
        this.#begins[(members.begins[nth] as number) + high] = program.length;
        const [exchanges, renamings] = [exchangesOf(layout, swap), renamingsOf(layout, swap)];
        program.push(exchanges.length, ...exchanges.flat(), renamings.length, ...renamings.flat());
      }
    }
    this.#program = Int32Array.from(program);
  }

  /** Swaps a member and the one before it in its set. */
  apply(member: number, state: Int32Array): void {
    const program = this.#program;
    let at = this.#begins[member] as number;
    for (let left = program[at++] as number; left > 0; left--) {
      const low = program[at++] as number;
      const high = program[at++] as number;
      const distance = program[at++] as number;
      const differ =
        ((state[low] as number) ^ ((state[high] as number) >>> distance)) & (program[at++] as number);
      state[low] = (state[low] as number) ^ differ;
      state[high] = (state[high] as number) ^ (differ << distance);
    }
    for (let left = program[at++] as number; left > 0; left--) {
      const word = program[at++] as number;
      const lowest = program[at++] as number;
      const value = state[word] as number;
      // Zero at the place of an index that has the one value, or the other.
      const one = value ^ (program[at++] as number);
      const other = value ^ (program[at++] as number);
      const both = program[at++] as number;
      let isNotOne = one;
      let isNotOther = other;
      for (let bit = (program[at++] as number) - 1; bit > 0; bit--) {
        isNotOne |= one >>> bit;
        isNotOther |= other >>> bit;
      }
      state[word] = value ^ Math.imul(~(isNotOne & isNotOther) & lowest, both);
    }
  }
}

/** The place of some bits, and of the bits that take it. */
type Pair = readonly [one: Pick<Field, "word" | "shift">, other: Pick<Field, "word" | "shift">, mask: number];

/**
 * A swap exchanges the fields of its two members, and their bits in every set. Fields come first, then bits: if two
 * sets were exchanged after only one had its bits exchanged, both would be wrong.
 */
function exchangesOf({ fields }: Layout, { set, low, high }: Swap): number[][] {
  const placed = new Map(fields.map((field) => [`${arrayOf(field)} ${field.at}`, field]));
  const swapped = (index: number) => (index === low ? high : index === high ? low : index);
  const members = fields.flatMap((field, nth): Pair[] => {
    const at = field.at.map((index, dimension) => (field.over[dimension] === set ? swapped(index) : index));
    const other = placed.get(`${arrayOf(field)} ${at}`) as Field;
    return fields.indexOf(other) > nth ? [[field, other, field.mask]] : [];
  });
  const bits = fields.flatMap(({ word, shift, meaning }): Pair[] =>
    meaning.kind === "set" && meaning.of === set
      ? [[{ word, shift: shift + low }, { word, shift: shift + high }, 1]]
      : [],
  );
  return [...atOnce(members), ...atOnce(bits)];
}

/** Exchanges of the same words at the same distance as one: low word, high word, distance, mask in the low word. */
function atOnce(pairs: readonly Pair[]): number[][] {
  const found = new Map<string, [low: number, high: number, distance: number, mask: number]>();
  for (const [one, other, mask] of pairs) {
    const [low, high] = one.shift <= other.shift ? [one, other] : [other, one];
    const place = [low.word, high.word, high.shift - low.shift] as const;
    const masked = found.get(place.join())?.[3] ?? 0;
    found.set(place.join(), [...place, masked | (mask << low.shift)]);
  }
  return [...found.values()];
}

/** The words that hold indices of a swap's set: word, their lowest bits, the values it exchanges, both, bits of each. */
function renamingsOf({ fields, words }: Layout, { set, low, high }: Swap): number[][] {
  const lowest = new Int32Array(words);
  for (const { meaning, word, shift } of fields) {
    if (meaning.kind === "index" && meaning.of === set)
      lowest[word] = (lowest[word] as number) | (1 << shift);
  }
  const [one, other, bits] = [low + 1, high + 1, 32 - Math.clz32(set.size)];
  return [...lowest.entries()]
    .filter(([, places]) => places !== 0)
    .map(([word, places]) => [
      word,
      places,
      Math.imul(places, one),
      Math.imul(places, other),
      one ^ other,
      bits,
    ]);
}

// The interchangeable things of a layout, in the consecutive numbering of symmetry.ts.

/** Each array's name, without a member's number. */
export function arrayOf({ name }: Field): string {
  return name.replace(/\[.*/, "");
}

/** The members of all index sets, numbered consecutively. A set of one has no other numbering and is left out. */
export class Members {
  readonly sets: readonly IndexSet[];
  /** Each set's first member, and at last the count of all. */
  readonly begins: readonly number[];

  constructor({ interchangeable }: Layout) {
    this.sets = interchangeable;
    const begins = [0];
    for (const { size } of this.sets) begins.push((begins.at(-1) as number) + size);
    this.begins = begins;
  }

  get count(): number {
    return this.begins.at(-1) as number;
  }

  /** Undefined for the member of a set of one. */
  numberOf(set: IndexSet, index: number): number | undefined {
    const begin = this.begins[this.sets.indexOf(set)];
    return begin === undefined ? undefined : begin + index;
  }
}
