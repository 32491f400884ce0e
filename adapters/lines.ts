/** The lines of a text file, gzipped or plain, one at a time; a hostile file cannot make them grow for ever. */
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { inputError } from "./input-error.ts";

/** The longest line accepted, in characters; the longest recorded is 2.3 million. */
export const LONGEST_LINE = 64 * 1024 * 1024;

const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);

/** Yields every line without its end. Throws an InputError that names the file and the line. */
export async function* lines(
  file: string,
): AsyncGenerator<{ readonly number: number; readonly text: string }> {
  const zipped = await startsLikeGzip(file);
  if (!zipped && file.endsWith(".gz"))
    throw inputError(file, undefined, "is not gzip data, though its name says so");
  let number = 1;
  // The pieces of a line not ended yet: joined once, or a long line would be copied for every chunk of it.
  let pieces: string[] = [];
  let length = 0;
  try {
    for await (const chunk of textOf(file, zipped)) {
      const [first, ...rest] = (chunk as string).split("\n");
      pieces.push(first as string);
      length += (first as string).length;
      if (length > LONGEST_LINE) {
        throw inputError(
          file,
          number,
          `is longer than ${LONGEST_LINE} characters: one trace a line was expected`,
        );
      }
      for (const next of rest) {
        yield { number: number++, text: pieces.join("") };
        pieces = [next];
        length = next.length;
      }
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || !/^(Z_|E)/.test(code)) throw error;
    throw inputError(file, number, `cannot be read on from here: ${(error as Error).message}`);
  }
  if (length > 0) yield { number, text: pieces.join("") };
}

function textOf(file: string, zipped: boolean): Readable {
  const bytes = createReadStream(file);
  if (!zipped) return bytes.setEncoding("utf8");
  const unzip = createGunzip();
  bytes.on("error", (error) => unzip.destroy(error));
  return bytes.pipe(unzip).setEncoding("utf8");
}

async function startsLikeGzip(file: string): Promise<boolean> {
  try {
    const handle = await open(file, "r");
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
      return bytesRead === 2 && buffer.equals(GZIP_MAGIC);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw inputError(file, undefined, `cannot be read: ${(error as Error).message}`);
  }
}
