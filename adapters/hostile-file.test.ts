/** Files that are no texts, or no end of text: what is read of them is bounded by what was read, not by a clock. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { ALLOC, complaint, complaintOf, fileOf, folder, PLACED, trace } from "./complaints.testing.ts";
import { lines, MOST_BLANK } from "./lines.ts";
import { readHistory } from "./vmap/history-file.ts";
import { readRecording } from "./vmap/recording.ts";

const TRACE = trace([[ALLOC, PLACED]]);
const HISTORY = {
  vmapcheck: 1,
  kernel: "3.16",
  law: "lowest-fit",
  scope: { wordPages: 64, cpus: 1, lazyMaxPages: null },
  commands: [{ op: "alloc", size: 1, align: 4096, vstart: 1, vend: 9 }],
};
const MARK = "\uFEFF";

async function readAll(path: string): Promise<void> {
  for await (const _ of readRecording(path));
}

describe("a text in UTF-16, with its mark", () => {
  const little = (text: string) => Buffer.from(`${MARK}${text}`, "utf16le");
  const big = (text: string) => little(text).swap16();

  test.each([
    ["little-endian", little],
    ["big-endian", big],
  ])("A text in UTF-16 is refused by its name: %s", async (_what, encoded) => {
    for (const bytes of [encoded(TRACE), gzipSync(encoded(TRACE))])
      expect(await complaint(bytes)).toMatch(/^FILE:1: is UTF-16 text; UTF-8 was expected$/);
    const path = fileOf(encoded(JSON.stringify(HISTORY)));
    expect(await complaintOf(() => readHistory(path), path)).toBe("FILE: is UTF-16 text; UTF-8 was expected");
  });
});

describe("a pipe without a writer", () => {
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);

  test("A pipe without a writer is refused as a recording", async () => {
    expect(await complaintOf(() => readAll(pipe), pipe)).toBe("FILE: cannot be read: it is no regular file");
  });

  test("A pipe without a writer is refused as a history", async () => {
    expect(await complaintOf(() => readHistory(pipe), pipe)).toBe(
      "FILE: cannot be read: it is no regular file",
    );
  });
});

test("A device that never ends is refused as a recording", async () => {
  expect(await complaintOf(() => readAll("/dev/zero"), "/dev/zero")).toMatch(/no regular file/);
});

describe("a byte order mark", () => {
  test("A byte order mark before a recording is skipped, gzipped or not", async () => {
    expect(await complaint(MARK + TRACE)).toBe("no complaint");
    expect(await complaint(gzipSync(MARK + TRACE), ".jsonl.gz")).toBe("no complaint");
  });

  test("A byte order mark before a history is skipped", async () => {
    const path = fileOf(MARK + JSON.stringify(HISTORY), ".json");
    expect((await readHistory(path)).commands).toHaveLength(1);
  });

  test("A byte order mark before the second line is refused", async () => {
    expect(await complaint(`${TRACE}\n${MARK}${TRACE}`)).toMatch(/^FILE:2: is not a JSON object/);
  });
});

describe("blank lines", () => {
  test("Blank lines between traces are skipped, and counted in line numbers", async () => {
    const path = fileOf(`\n${TRACE}\n\n  \n${TRACE}\n\n`);
    const numbers: number[] = [];
    for await (const { number } of lines(path)) numbers.push(number);
    expect(numbers).toEqual([2, 5]);
  });

  test("Endless blank lines in a small gzipped file are refused soon", async () => {
    const many = gzipSync(" \n".repeat(4 * MOST_BLANK));
    expect(many.length).toBeLessThan(MOST_BLANK / 64);
    const said = await complaint(many, ".jsonl.gz");
    expect(said).toBe(
      `FILE:${MOST_BLANK / 2 + 1}: is one of too many blank lines: one trace a line was expected`,
    );
  });

  test("Blank lines count by their length", async () => {
    const wide = `${" ".repeat(MOST_BLANK / 2)}\n`;
    expect(await complaint(wide.repeat(2))).toMatch(/^FILE:2: is one of too many blank lines/);
    expect(await complaint(`${TRACE}\n${wide}`)).toBe("no complaint");
  });
});

test("A file that expands to more than any recording is refused, however good its lines are", async () => {
  const line = `${trace([], { name: "x".repeat(2 ** 20) })}\n`;
  const said = await complaint(gzipSync(line.repeat(70)), ".jsonl.gz");
  expect(said).toMatch(/^FILE:\d+: expands to more than 250 times the file's size: a recording does not$/);
});
