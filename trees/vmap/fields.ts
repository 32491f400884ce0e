/** Lines of the protocol by which an allocator in a child process is driven: fields of words, read one by one. */
import { type Extent, PAGE_SIZE, type Vpn } from "../../spec/vmap/vocabulary.ts";
import { ChildError } from "../child.ts";

/** A number, and a number of pages as bytes, as requests have them. */
export const hex = (count: number): string => count.toString(16);
export const bytes = (pages: number): string => `${hex(pages)}000`;

const HEX = /^[0-9a-f]{1,16}$/;

export function wrongIn(line: string, says: string): ChildError {
  return new ChildError(`it answers ${JSON.stringify(line.slice(0, 60))}: ${says}`);
}

/** One field: its name, and the words that follow. */
export class Field {
  readonly name: string;
  readonly words: readonly string[];
  readonly #line: string;

  constructor(line: string, [name = "", ...words]: readonly string[]) {
    this.#line = line;
    this.name = name;
    this.words = words;
  }

  wrong(expected: string): ChildError {
    const field = [this.name, ...this.words].join(" ").slice(0, 60);
    return wrongIn(this.#line, `${JSON.stringify(field)}: expected ${expected}`);
  }

  number(at: number, most: number = Number.MAX_SAFE_INTEGER): number {
    const word = this.words[at] ?? "";
    const value = HEX.test(word) ? Number.parseInt(word, 16) : Number.NaN;
    if (value <= most) return value;
    throw this.wrong(`a hexadecimal number of at most ${hex(most)} as word ${at + 1} behind its name`);
  }

  /** An address, in pages. */
  address(at: number): Vpn {
    const word = this.words[at] ?? "";
    if (!/^[0-9a-f]{1,17}$/.test(word))
      throw this.wrong(`a hexadecimal address as word ${at + 1} behind its name`);
    if (!/^0*$|000$/.test(word)) throw this.wrong(`a multiple of the page size, ${hex(PAGE_SIZE)}`);
    return Number.parseInt(word.slice(0, -3) || "0", 16);
  }

  /** A count that a bug may have made negative. */
  signed(at: number): number {
    const word = this.words[at] ?? "";
    if (/^-[0-9a-f]{1,13}$/.test(word)) return -Number.parseInt(word.slice(1), 16);
    return this.number(at);
  }

  /** A range, which may begin or end inside a page. */
  flushed(): Extent {
    const [start, end] = [0, 1]
      .map((at) => this.words[at] ?? "")
      .map((word) => (HEX.test(word) ? BigInt(`0x${word}`) : undefined));
    if (start === undefined || end === undefined) throw this.wrong("two hexadecimal addresses");
    const page = BigInt(PAGE_SIZE);
    return { start: Number(start / page), end: Number((end + page - 1n) / page) };
  }

  oneOf<W extends string>(words: readonly W[], at = 0): W {
    const word = words.find((each) => each === this.words[at]);
    if (word === undefined) throw this.wrong(`one of ${words.join(", ")}`);
    return word;
  }

  /** All its words, each of these. */
  someOf<W extends string>(words: readonly W[]): readonly W[] {
    return this.words.map((_word, at) => this.oneOf(words, at));
  }

  text(): string {
    return this.words.join(" ").slice(0, 200);
  }
}

/** The fields of a line, in order. Throws a ChildError for a line that is no text. */
export function fieldsOf(line: string): readonly Field[] {
  if (/[^\x20-\x7e]/.test(line)) throw wrongIn(line, "expected printable ASCII");
  return line
    .split(";")
    .map((field) => field.split(" ").filter((word) => word !== ""))
    .filter((words) => words.length > 0)
    .map((words) => new Field(line, words));
}
