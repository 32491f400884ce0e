/**
 * Symmetry reduction: of all states that differ only in how interchangeable things are numbered, one stands for
 * all (Ip and Dill, "Better Verification Through Symmetry", 1996). The one chosen has the least words among those
 * in which every index set is sorted by what its members show; only members that show the same have to be tried in
 * every order. This is exact: states are merged if and only if a renumbering leads from one to the other.
 *
 * What a member shows is a small hash of every field that involves it, in which no member's number goes: it is the
 * same whatever the numbering. That two show the same by chance costs time, and merges nothing.
 *
 * Every renumbering is made of swaps of neighbours, and a swap is a few operations on whole words. So sorting takes
 * a swap or two a state, and each order to be tried takes one more than the order tried before it.
 */
import type { Field, IndexSet, Layout } from "./layout.ts";

/** Layouts whose things can be numbered in more ways are refused: where all show the same, all orders are tried. */
const MOST_NUMBERINGS = 40_320;

/**
 * The function that replaces a state by the one that stands for it. Throws a RangeError if the layout's things can
 * be numbered in more than 40,320 ways.
 */
export function canonicalForm(layout: Layout): (state: Int32Array) => void {
  const members = new Members(layout);
  const numberings = members.sets.reduce((product, { size }) => product * factorial(size), 1);
  if (numberings > MOST_NUMBERINGS) {
    throw new RangeError(
      `things can be numbered in ${numberings} ways, more than ${MOST_NUMBERINGS}: take a smaller scope, or explore without symmetry`,
    );
  }
  if (numberings === 1) return () => {};
  const signatures = new Signatures(layout, members);
  const swaps = new Swaps(layout, members);
  const walks: (Uint8Array | undefined)[] = [];
  const { begins } = members;
  const { words } = layout;
  const candidate = new Int32Array(words);

  /** Sorts every set by what its members show. Returns who is tied: bit n if member n shows what n - 1 does. */
  const sort = (state: Int32Array, shown: Int32Array): number => {
    let ties = 0;
    for (let set = 0; set + 1 < begins.length; set++) {
      const begin = begins[set] as number;
      const end = begins[set + 1] as number;
      for (let member = begin + 1; member < end; member++) {
        const shows = shown[member] as number;
        let at = member;
        for (; at > begin && (shown[at - 1] as number) > shows; at--) {
          shown[at] = shown[at - 1] as number;
          swaps.apply(at, state);
        }
        shown[at] = shows;
      }
      for (let at = begin + 1; at < end; at++) if (shown[at] === shown[at - 1]) ties |= 1 << at;
    }
    return ties;
  };

  return (state) => {
    const ties = sort(state, signatures.of(state));
    if (ties === 0) return;
    let walk = walks[ties];
    if (walk === undefined) {
      walk = walkThrough(ties);
      walks[ties] = walk;
    }
    for (let word = 0; word < words; word++) candidate[word] = state[word] as number;
    for (let step = 0; step < walk.length; step++) {
      swaps.apply(walk[step] as number, candidate);
      if (!isLess(candidate, state, words)) continue;
      for (let word = 0; word < words; word++) state[word] = candidate[word] as number;
    }
  };
}

function isLess(a: Int32Array, b: Int32Array, words: number): boolean {
  for (let word = 0; word < words; word++) {
    if (a[word] !== b[word]) return (a[word] as number) < (b[word] as number);
  }
  return false;
}

function factorial(size: number): number {
  return size <= 1 ? 1 : size * factorial(size - 1);
}

/** Each array's name, without a member's number. */
function arrayOf({ name }: Field): string {
  return name.replace(/\[.*/, "");
}

/** The members of all index sets, numbered through; a set of one has no other numbering, and is left out. */
class Members {
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

/** A swap of two indices of a set. */
interface Swap {
  readonly set: IndexSet;
  readonly low: number;
  readonly high: number;
}

/**
 * What a swap of neighbours does to a state, as operations on whole words: bits that change places, all those
 * at one distance at once, and indices that change their value, all those of a word at once. This takes some 20 ns;
 * looking up what each byte of a state becomes took five times that.
 */
class Swaps {
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
      // Zero in its place where an index is the one, or the other.
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

/** Where some bits are, and those that take their place. */
type Pair = readonly [one: Pick<Field, "word" | "shift">, other: Pick<Field, "word" | "shift">, mask: number];

/**
 * What a swap exchanges: the fields of its two members, and the bits that stand for them in every set. The fields
 * first and then the bits: of two sets exchanged while only one has had its bits exchanged, neither would be right.
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

/**
 * Bits of what a member shows: with fewer, more members tie by chance (with 5, a fifth more orders were tried); with
 * more, fewer members fit into a word, and hardly any tie less.
 */
const SHOWN_BITS = 7;

/**
 * Bits of a state that one row answers for, at most. An index or a set never takes more, since no index set has more
 * than 8 members; a plain field that does is taken in pieces.
 */
const CHUNK_BITS = 8;

/** Some bits of a field, all unless it is plain, that are in one chunk. */
interface Piece {
  readonly field: Field;
  readonly word: number;
  readonly shift: number;
  readonly bits: number;
  /** Which of its field's it is. */
  readonly nth: number;
}

/**
 * What each member shows: the sum of what the fields that involve it show of it. For each chunk of the state and each
 * value of it there is a row of what it adds for all members, several in a word, with room for the sum of all rows.
 */
class Signatures {
  /** By member. */
  readonly #shown: Int32Array;
  /** Word, shift and mask of each chunk. */
  readonly #chunks: Int32Array;
  /** For each chunk, a row for each number of CHUNK_BITS bits. */
  readonly #rows: Int32Array;
  /** The sum of the rows of a state, as wide as one row. */
  readonly #sums: Int32Array;
  /** Bits for a member in a row's word: for the sum of one number of SHOWN_BITS bits a chunk. */
  readonly #memberBits: number;

  constructor(layout: Layout, members: Members) {
    const chunks = chunksOf(layout);
    this.#chunks = Int32Array.from(
      chunks.flatMap((pieces) => {
        const { word, shift } = pieces[0] as Piece;
        return [word, shift, 2 ** bitsOf(pieces) - 1];
      }),
    );
    this.#memberBits = SHOWN_BITS + 32 - Math.clz32(chunks.length);
    const width = Math.ceil(members.count / Math.floor(32 / this.#memberBits));
    this.#shown = new Int32Array(members.count);
    this.#sums = new Int32Array(width);
    this.#rows = new Int32Array((chunks.length << CHUNK_BITS) * width);
    const arrays = [...new Set(layout.fields.map(arrayOf))];
    for (const [nth, pieces] of chunks.entries()) {
      const rows = this.#rows.subarray((nth << CHUNK_BITS) * width);
      for (const piece of pieces) {
        const below = piece.shift - (pieces[0] as Piece).shift;
        for (let value = 1; value < 2 ** piece.bits; value++) {
          const shown = shownBy(piece, arrays.indexOf(arrayOf(piece.field)), value, members);
          this.#addRows(rows, below, value, shown);
        }
      }
    }
  }

  /** The rows in which a piece has the value and all above it are 0: those of the pieces below, and what it shows. */
  #addRows(rows: Int32Array, below: number, value: number, shown: readonly number[]): void {
    const width = this.#sums.length;
    const row = new Int32Array(width);
    const kept = new Int32Array(width);
    for (const [member, shows] of shown.entries()) {
      const shift = Math.floor(member / width) * this.#memberBits;
      const word = member % width;
      row[word] = (row[word] as number) | ((shows & (2 ** SHOWN_BITS - 1)) << shift);
      kept[word] = (kept[word] as number) | ((2 ** SHOWN_BITS - 1) << shift);
    }
    for (let lower = 0; lower < 2 ** below; lower++) {
      const [from, to] = [lower * width, ((value << below) | lower) * width];
      for (let word = 0; word < width; word++) {
        rows[to + word] = ((rows[from + word] as number) + (row[word] as number)) & (kept[word] as number);
      }
    }
  }

  /** What each member shows in a state; overwritten by the next call. */
  of(state: Int32Array): Int32Array {
    const chunks = this.#chunks;
    const rows = this.#rows;
    const sums = this.#sums;
    const shown = this.#shown;
    const memberBits = this.#memberBits;
    const width = sums.length;
    for (let word = 0; word < width; word++) sums[word] = 0;
    for (let at = 0, chunk = 0; at < chunks.length; at += 3, chunk += 1 << CHUNK_BITS) {
      const bits = (state[chunks[at] as number] as number) >>> (chunks[at + 1] as number);
      const row = (chunk + (bits & (chunks[at + 2] as number))) * width;
      for (let word = 0; word < width; word++) {
        sums[word] = (sums[word] as number) + (rows[row + word] as number);
      }
    }
    for (let member = 0, shift = 0; member < shown.length; shift += memberBits) {
      for (let word = 0; word < width && member < shown.length; word++) {
        shown[member++] = ((sums[word] as number) >>> shift) & (2 ** SHOWN_BITS - 1);
      }
    }
    return shown;
  }
}

/**
 * What a piece of some value shows of each member: of those it is declared over, a plain value or how many indices
 * there are in it; of each of those indices, the same in another role. Never which index it is: that is numbering.
 */
function shownBy({ field, nth }: Piece, array: number, value: number, members: Members): number[] {
  const { over, at, meaning } = field;
  const shown = Array.from({ length: members.count }, () => 0);
  const show = (set: IndexSet, index: number, ...what: number[]) => {
    const member = members.numberOf(set, index);
    if (member !== undefined) shown[member] = (shown[member] as number) + hash(array, nth, ...what);
  };
  const told =
    meaning.kind === "plain" ? [] : Array.from({ length: meaning.of.size }, (_none, index) => index);
  const of = told.filter((index) =>
    meaning.kind === "index" ? value === index + 1 : ((value >> index) & 1) === 1,
  );
  const shows = meaning.kind === "plain" ? value : of.length;
  for (const [role, set] of over.entries()) show(set, at[role] as number, shows, role);
  if (meaning.kind !== "plain") for (const index of of) show(meaning.of, index, shows, over.length);
  return shown;
}

function hash(...numbers: readonly number[]): number {
  const mixed = numbers.reduce((sum, each) => Math.imul(sum ^ (sum >>> 15) ^ (each + 1), 0x9e3779b1), 0);
  return mixed >>> (32 - SHOWN_BITS);
}

/** The fields, in pieces, as many together as a chunk holds. */
function chunksOf({ fields }: Layout): Piece[][] {
  const chunks: Piece[][] = [];
  for (const piece of fields.flatMap(piecesOf)) {
    const last = chunks.at(-1);
    const fits = last?.[0]?.word === piece.word && bitsOf(last) + piece.bits <= CHUNK_BITS;
    if (fits) last.push(piece);
    else chunks.push([piece]);
  }
  return chunks;
}

function piecesOf(field: Field): Piece[] {
  const { word, shift, mask, meaning } = field;
  const bits = 32 - Math.clz32(mask);
  const most = meaning.kind === "plain" ? CHUNK_BITS : bits;
  return Array.from({ length: Math.ceil(bits / most) }, (_none, nth) => ({
    field,
    nth,
    word,
    shift: shift + nth * most,
    bits: Math.min(most, bits - nth * most),
  }));
}

function bitsOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { bits }) => sum + bits, 0);
}

/** Swaps, each of a member and the one before it, that lead once through every order of the tied members. */
function walkThrough(ties: number): Uint8Array {
  let walk: number[] = [];
  for (let first = 0; ties >>> first > 1; ) {
    let size = 1;
    while ((ties >>> (first + size)) & 1) size += 1;
    const begin = first;
    const inner = walk;
    walk = [...inner, ...ordersOf(size).flatMap((step) => [begin + step, ...inner])];
    first += size;
  }
  return Uint8Array.from(walk);
}

/** The same for so many alone (Steinhaus, Johnson, Trotter): the last goes through the others after each step of theirs. */
function ordersOf(size: number): number[] {
  if (size === 1) return [];
  const up = Array.from({ length: size - 1 }, (_none, at) => at + 1);
  const down = up.toReversed();
  // Where the last has gone down, the others are one place higher.
  const rest = ordersOf(size - 1).flatMap((step, nth) =>
    nth % 2 === 0 ? [step + 1, ...up] : [step, ...down],
  );
  return [...down, ...rest];
}
