/**
 * A state as a few 32-bit words, and its fields by name: each is some bits of one word. Two shifts and a mask read a
 * field; this is what V8 makes fast by itself, without generated code.
 *
 * A layout also says what is interchangeable: fields are declared over index sets, such as pages or CPUs, and a field's
 * value may itself be an index. symmetry.ts needs no more to find the states that differ only in names.
 */

/** Interchangeable things, numbered from 0. */
export interface IndexSet {
  readonly name: string;
  readonly size: number;
  /** The number of the first member in texts, if not 0. */
  readonly first?: number;
}

/** The names of a field's numbers in texts: a list in their order, or a function of each number. */
export type Names = readonly (string | boolean)[] | ((value: number) => string | number);

/** The meaning of a field's number. */
export type Meaning = { readonly names?: Names | undefined } & (
  | /** Itself. */ { readonly kind: "plain"; readonly values: number }
  /** 0 for none, else one more than an index. */
  | { readonly kind: "index"; readonly of: IndexSet }
  /** A set of indices, a bit each. */
  | { readonly kind: "set"; readonly of: IndexSet }
);

/** One field: whole numbers from 0 to `values` - 1. */
export class Field {
  readonly name: string;
  readonly meaning: Meaning;
  /** The index sets it is declared over, and which of each it is. */
  readonly over: readonly IndexSet[];
  readonly at: readonly number[];
  readonly word: number;
  readonly shift: number;
  readonly mask: number;

  constructor(
    declared: Pick<Field, "name" | "meaning" | "over" | "at">,
    place: { readonly word: number; readonly shift: number; readonly bits: number },
  ) {
    this.name = declared.name;
    this.meaning = declared.meaning;
    this.over = declared.over;
    this.at = declared.at;
    this.word = place.word;
    this.shift = place.shift;
    this.mask = 2 ** place.bits - 1;
  }

  get(state: Int32Array): number {
    return ((state[this.word] as number) >>> this.shift) & this.mask;
  }

  set(state: Int32Array, value: number): void {
    const { word, shift, mask } = this;
    state[word] = ((state[word] as number) & ~(mask << shift)) | (value << shift);
  }
}

/** How many values a field of this meaning has. */
export function valuesOf(meaning: Meaning): number {
  if (meaning.kind === "plain") return meaning.values;
  return meaning.kind === "index" ? meaning.of.size + 1 : 2 ** meaning.of.size;
}

export const plain = (values: number, names?: Names): Meaning => ({ kind: "plain", values, names });
/** As many values as there are names. */
export const named = (...names: readonly string[]): Meaning => plain(names.length, names);
/** Whether something is so. */
export const FLAG: Meaning = plain(2, [false, true]);
/** 0 for none, or one more than a number below `count` of such a thing. */
export const noneOr = (count: number, word: string): Meaning =>
  plain(count + 1, (value) => (value === 0 ? "none" : `${word} ${value - 1}`));
/** A set of numbers below `count`, a bit each, that are never renumbered. */
export const bitsOf = (count: number): Meaning => plain(2 ** count, membersText);
export const indexOf = (of: IndexSet): Meaning => ({ kind: "index", of, names: nameIn(of) });
export const setOf = (of: IndexSet): Meaning => ({ kind: "set", of, names: membersText });

/** `CPU 1`, of the CPUs. */
export const memberText = ({ name, first = 0 }: IndexSet, index: number): string =>
  `${name.replace(/s$/, "")} ${index + first}`;

const nameIn =
  (of: IndexSet): Names =>
  (value) =>
    value === 0 ? "none" : memberText(of, value - 1);

/** A field in a text: `cached of CPU 0, page 1`. */
export function fieldText({ name, over, at }: Field): string {
  const members = over.map((set, nth) => memberText(set, at[nth] as number)).join(", ");
  return members === "" ? name : `${name.replace(/\[[\d,]+\]$/, "")} of ${members}`;
}

/** One of a field's numbers in a text. */
export function valueText({ meaning: { names } }: Field, value: number): string {
  return String((typeof names === "function" ? names(value) : names?.[value]) ?? value);
}

/** `{0, 2}`: a set that is kept as bits. */
function membersText(bits: number): string {
  const members: number[] = [];
  for (let at = 0; bits >>> at > 0; at++) if (((bits >>> at) & 1) === 1) members.push(at);
  return `{${members.join(", ")}}`;
}

export class Layout {
  readonly fields: Field[] = [];
  readonly #names = new Map<Field, Names>();
  #word = 0;
  #bit = 0;

  /** Words in a state. */
  get words(): number {
    return this.#word + (this.#bit > 0 ? 1 : 0);
  }

  /** What can be numbered in more than one way, in the order in which it was first named. */
  get interchangeable(): readonly IndexSet[] {
    const all = this.fields.flatMap(({ over, meaning }) =>
      meaning.kind === "plain" ? over : [...over, meaning.of],
    );
    return [...new Set(all)].filter(({ size }) => size > 1);
  }

  /** A field of at most 2^31 values. It never spans two words. Throws a RangeError where one would have to. */
  field(name: string, meaning: Meaning): Field {
    return this.#place(name, meaning, [], []);
  }

  /** A field for each member of an index set. */
  array(name: string, over: IndexSet, meaning: Meaning): readonly Field[] {
    return Array.from({ length: over.size }, (_none, at) =>
      this.#place(`${name}[${at}]`, meaning, [over], [at]),
    );
  }

  /** A field for each pair: an array of arrays. */
  table(name: string, rows: IndexSet, columns: IndexSet, meaning: Meaning): readonly (readonly Field[])[] {
    return Array.from({ length: rows.size }, (_none, row) =>
      Array.from({ length: columns.size }, (_same, column) =>
        this.#place(`${name}[${row},${column}]`, meaning, [rows, columns], [row, column]),
      ),
    );
  }

  #place(name: string, meaning: Meaning, over: readonly IndexSet[], at: readonly number[]): Field {
    const values = valuesOf(meaning);
    if (!Number.isInteger(values) || values < 1 || values > 2 ** 31) {
      throw new RangeError(`${name}: a field has from 1 to 2^31 values, not ${values}`);
    }
    const bits = Math.max(1, 32 - Math.clz32(values - 1));
    if (this.#bit + bits > 32) {
      this.#word += 1;
      this.#bit = 0;
    }
    const field = new Field({ name, meaning, over, at }, { word: this.#word, shift: this.#bit, bits });
    this.#bit += bits;
    this.fields.push(field);
    return field;
  }

  /** Says what the numbers of these fields are called, where it is known only after they are declared. */
  name(names: Names, ...fields: readonly Field[]): void {
    for (const field of fields) this.#names.set(field, names);
  }

  /** What a field holds: by name, where its numbers have names. */
  read(field: Field, state: Int32Array): string | number | boolean {
    const value = field.get(state);
    const names = this.#names.get(field) ?? field.meaning.names;
    if (names === undefined) return value;
    return typeof names === "function" ? names(value) : (names[value] ?? value);
  }

  /** The numbers of a state as a record. */
  show(state: Int32Array): Readonly<Record<string, number>> {
    return Object.fromEntries(this.fields.map((field) => [field.name, field.get(state)]));
  }
}

/** The numbers below this. */
export const upTo = (count: number): number[] => Array.from({ length: count }, (_none, index) => index);

/** Arrays of fields over the same things, thing by thing. */
export function byIndex<Name extends string, Element>(
  count: number,
  arrays: Readonly<Record<Name, readonly Element[]>>,
): readonly ({ readonly index: number } & Readonly<Record<Name, Element>>)[] {
  const all = Object.entries(arrays) as [Name, readonly Element[]][];
  return upTo(count).map((index) => ({
    index,
    ...(Object.fromEntries(all.map(([name, fields]) => [name, fields[index]])) as Record<Name, Element>),
  }));
}
