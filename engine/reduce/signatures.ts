/**
 * The signature of each member of an index set in a state, independent of its number. symmetry.ts sorts members by it.
 */
import type { Field, IndexSet, Layout } from "../search/layout.ts";
import { arrayOf, type Members } from "./swaps.ts";

/**
 * Bits of a signature: with fewer, more members tie by chance (with 5, a fifth more orders were tried); with more,
 * fewer members fit into a word, and hardly any tie less.
 */
const SHOWN_BITS = 7;

/**
 * Bits of a state that one row answers for, at most. An index or a set never takes more, since no index set has more
 * than 8 members; a plain field that does is taken in pieces.
 */
const CHUNK_BITS = 8;

/** Some bits of a field that are in one chunk: all bits unless the field is plain. */
interface Piece {
  readonly field: Field;
  readonly word: number;
  readonly shift: number;
  readonly bits: number;
  /** Which piece of its field it is. */
  readonly nth: number;
}

/**
 * The signature of a member is the sum of the contributions of the fields that involve it. Each chunk of the state has
 * a row for each of its values: the contributions to all members, several in a word, with room for the sum of all rows.
 */
export class Signatures {
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

  /**
   * The rows in which a piece has the value and all above it are 0: those of the pieces below, and its contribution.
   */
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

  /** The signature of each member in a state; overwritten by the next call. */
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
 * The contribution of a piece with some value to each member: for the members it is declared over, the plain value or
 * the number of indices in it; for each of those indices, the same in another role. It never depends on which index it
 * is: that is numbering.
 */
function shownBy({ field, nth }: Piece, array: number, value: number, members: Members): number[] {
  const { over, at, meaning } = field;
  const shown = Array.from({ length: members.count }, () => 0);
  const show = (set: IndexSet, index: number, ...what: number[]) => {
    const member = members.numberOf(set, index);
    if (member !== undefined) shown[member] = (shown[member] as number) + hash(array, nth, ...what);
  };
  const indices =
    meaning.kind === "plain" ? [] : Array.from({ length: meaning.of.size }, (_none, index) => index);
  const of = indices.filter((index) =>
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
