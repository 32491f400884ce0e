/** Lines of a kernel's log, and what the file is if it is no text: a binary trace, or packed by another program. */
import { open } from "node:fs/promises";
import { inputError } from "../../input-error.ts";
import { type Line, lines, type TextKind } from "../../lines.ts";

/** The longest line of a log, in characters: an event has some hundred. */
const LONGEST = 1024 * 1024;

export const LOG: TextKind = { name: "a log", expected: "one event a line", longest: LONGEST };
export const VMALLOCINFO: TextKind = {
  name: "a vmallocinfo",
  expected: "one area a line",
  longest: LONGEST,
};

const MAGIC: readonly (readonly [bytes: readonly number[], what: string])[] = [
  [
    [0x17, 0x08, 0x44, 0x74, 0x72],
    "is a binary trace.dat: `trace-cmd report -i FILE > FILE.txt` makes its text",
  ],
  [
    [0x50, 0x45, 0x52, 0x46, 0x49, 0x4c, 0x45],
    "is a binary perf.data: `perf script -i FILE > FILE.txt` makes its text",
  ],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], "is packed by xz, which is not read here: `xz -dk FILE` unpacks it"],
  [[0x28, 0xb5, 0x2f, 0xfd], "is packed by zstd, which is not read here: `zstd -d FILE` unpacks it"],
  [[0x42, 0x5a, 0x68], "is packed by bzip2, which is not read here: `bzip2 -dk FILE` unpacks it"],
];

const LONGEST_MAGIC = 8;

/** Yields the lines without the carriage return of another system. Throws an InputError for what is no text. */
export async function* textLines(file: string, kind: TextKind): AsyncGenerator<Line> {
  await refuseBinary(file);
  for await (const line of lines(file, kind)) {
    const { number, text } = line;
    if (text.includes("\0"))
      throw inputError(file, number, `has bytes that no text has; ${kind.expected} was expected`);
    yield text.endsWith("\r") ? { number, text: text.slice(0, -1) } : line;
  }
}

async function refuseBinary(file: string): Promise<void> {
  const head = await headOf(file);
  for (const [bytes, what] of MAGIC)
    if (bytes.every((byte, at) => head[at] === byte)) throw inputError(file, undefined, what);
}

/** The first bytes; none of what cannot be read, which `lines` reports. */
async function headOf(file: string): Promise<Uint8Array> {
  try {
    const handle = await open(file, "r");
    try {
      if (!(await handle.stat()).isFile()) return new Uint8Array();
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(LONGEST_MAGIC), 0, LONGEST_MAGIC, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch {
    return new Uint8Array();
  }
}
