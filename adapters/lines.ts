/** The lines of a text file, gzipped or plain, one at a time; a hostile file cannot make them grow for ever. */
import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { addAbortSignal, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { inputError, whyUnread } from "./input-error.ts";

/** The longest line accepted, in characters; the longest recorded is 2.3 million. */
export const LONGEST_LINE = 64 * 1024 * 1024;
/** The maximum number of characters in blank lines: a hostile file may have blank lines without end. */
export const MOST_BLANK = 1024 * 1024;
/** The maximum expansion of a large file; recordings expand to 30 times their size. */
const MOST_EXPANSION = 250;
const MUCH = 64 * 1024 * 1024;

const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);

/** A line that is not blank, without its end, and its number, from 1. */
export interface Line {
  readonly number: number;
  readonly text: string;
}

/** What a text is, and how its lines are: for the errors about it. */
export interface TextKind {
  readonly name: string;
  readonly expected: string;
  /** The longest line, in characters. */
  readonly longest: number;
  /** `-` is standard input, which may never end: until the signal. */
  readonly live?: { readonly signal: AbortSignal | undefined };
}

const STANDARD_INPUT = "-";

const RECORDING: TextKind = { name: "a recording", expected: "one trace a line", longest: LONGEST_LINE };

/** Yields every line that is not blank. Throws an InputError that names the file and the line. */
export async function* lines(
  file: string,
  { name, expected, longest, live }: TextKind = RECORDING,
): AsyncGenerator<Line> {
  const isLive = live !== undefined && file === STANDARD_INPUT;
  const { size, zipped } = isLive ? ENDLESS : await lookAt(file);
  let number = 1;
  // The pieces of a line not ended yet: joined once, or a long line would be copied for every chunk of it.
  let pieces: string[] = [];
  let length = 0;
  let all = 0;
  let blank = 0;
  const wrong = (what: string) => inputError(file, number, what);
  try {
    for await (const chunk of isLive ? standardInput(live.signal) : textOf(file, zipped)) {
      const [first, ...rest] = (chunk as string).slice(all === 0 ? markIn(chunk as string) : 0).split("\n");
      if (all === 0 && isUtf16(chunk as string)) throw wrong(IS_UTF16);
      all += (chunk as string).length;
      if (all > MUCH && all > MOST_EXPANSION * size)
        throw wrong(`expands to more than ${MOST_EXPANSION} times the file's size: ${name} does not`);
      pieces.push(first as string);
      length += (first as string).length;
      if (length > longest) throw wrong(`is longer than ${longest} characters: ${expected} was expected`);
      for (const next of rest) {
        const text = pieces.join("");
        if (isBlank(text)) {
          blank += text.length + 1;
          if (blank > MOST_BLANK) throw wrong(`is one of too many blank lines: ${expected} was expected`);
        } else yield { number, text };
        number += 1;
        pieces = [next];
        length = next.length;
      }
    }
  } catch (error) {
    // What was read of a line that did not end is none.
    if (isLive && live.signal?.aborted) return;
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || !/^(Z_|E)/.test(code)) throw error;
    throw wrong(`cannot be read on from here: ${(error as Error).message}`);
  }
  const text = pieces.join("");
  if (!isBlank(text)) yield { number, text };
}

const ENDLESS = { size: Number.POSITIVE_INFINITY, zipped: false };

function standardInput(signal: AbortSignal | undefined): Readable {
  const text = process.stdin.setEncoding("utf8");
  return signal === undefined ? text : addAbortSignal(signal, text);
}

const isBlank = (text: string) => text === "" || text.trim() === "";

/** How long the mark is that some editors write before a text; 0 if there is none. */
export const markIn = (text: string): number => (text.startsWith("\uFEFF") ? 1 : 0);

export const IS_UTF16 = "is UTF-16 text; UTF-8 was expected";

/** Whether a text, read as UTF-8, begins with the mark of UTF-16, whose bytes are none, and a letter of two bytes. */
export const isUtf16 = (text: string): boolean => /^\uFFFD{2}(\0|.\0)/s.test(text);

/** The text of a file, gzipped or plain, as it is read. */
export function textOf(file: string, zipped: boolean): Readable {
  const bytes = createReadStream(file);
  if (!zipped) return bytes.setEncoding("utf8");
  const unzip = createGunzip();
  bytes.on("error", (error) => unzip.destroy(error));
  return bytes.pipe(unzip).setEncoding("utf8");
}

/**
 * Its size, and whether it is gzip data. Throws an InputError for what is no regular file: a pipe may never end, or
 * never begin.
 */
export async function lookAt(file: string): Promise<{ readonly size: number; readonly zipped: boolean }> {
  let zipped: boolean;
  let size: number;
  try {
    const about = await stat(file);
    if (about.isDirectory()) throw inputError(file, undefined, "cannot be read: it is a folder (EISDIR)");
    if (!about.isFile()) throw inputError(file, undefined, "cannot be read: it is no regular file");
    size = about.size;
    const handle = await open(file, "r");
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
      zipped = bytesRead === 2 && buffer.equals(GZIP_MAGIC);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    throw inputError(file, undefined, whyUnread(error as NodeJS.ErrnoException));
  }
  if (!zipped && file.endsWith(".gz"))
    throw inputError(file, undefined, "is not gzip data, though its name says so");
  return { size, zipped };
}

/** Every trace of a recording: one a line. Throws an InputError if there is none. */
export async function* tracesIn<T>(
  file: string,
  read: (file: string, line: number, text: string) => T,
): AsyncGenerator<T> {
  let any = false;
  for await (const { number, text } of lines(file)) {
    any = true;
    yield read(file, number, text);
  }
  if (!any) throw inputError(file, undefined, "holds no trace: one JSON object a line was expected");
}
