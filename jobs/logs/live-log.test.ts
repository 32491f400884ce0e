/** A log that is still being written, from a pipe: judged as it comes, and reported when the user has seen enough. */
import { Readable } from "node:stream";
import { afterEach, expect, test, vi } from "vitest";
import { logLines } from "./long-log.testing.ts";
import { alloc, freeing } from "./small-log.testing.ts";
import { validate } from "./validate.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

/** A pipe that gives the next text whenever it is read; null: it ends; undefined: it says nothing, and does not end. */
function pipe(next: () => string | null | undefined): void {
  const read = function (this: Readable) {
    const text = next();
    if (text !== undefined) this.push(text);
  };
  const stream = new Readable({ read });
  vi.spyOn(process, "stdin", "get").mockReturnValue(stream as typeof process.stdin);
}

const at = (line: number, body: string) => `task-7 [000] ..... 1.${String(line).padStart(6, "0")}: ${body}\n`;
const OVERLAP = [freeing(50, 51), alloc(0, 4), alloc(2, 4), alloc(9)].map((body, nth) => at(nth + 1, body));

test("A pipe that ends is judged to its end: no-overlap is violated", async () => {
  const lines = [...OVERLAP];
  pipe(() => lines.shift() ?? null);
  const report = await validate("-");
  expect(report).toMatchObject({ file: "-", interrupted: false, lines: { events: 4 } });
  expect(report.violations).toMatchObject([{ law: "no-overlap", line: 3 }]);
});

test("A pipe that never ends is judged until the user ends it, and progress says how far", async () => {
  const lines = logLines();
  pipe(() => Array.from({ length: 500 }, () => `${lines.next().value}\n`).join(""));
  const end = new AbortController();
  const said: string[] = [];
  const say = (text: string) => {
    said.push(text);
    if (said.length === 2) end.abort();
  };
  const report = await validate("-", { signal: end.signal, say });
  expect(said).toEqual(["-: line 8192, 0 violations", "-: line 16384, 0 violations"]);
  expect(report).toMatchObject({ interrupted: true, violated: 0, lines: { events: 16384 } });
});

test("A pipe that says nothing more is ended with what it said: no-overlap is violated so far", async () => {
  const end = new AbortController();
  const lines = [...OVERLAP, "task-7 [000] ..... 1.0000"];
  pipe(() => {
    const text = lines.shift();
    if (text === undefined) setImmediate(() => end.abort());
    return text;
  });
  const report = await validate("-", { signal: end.signal });
  expect(report).toMatchObject({ interrupted: true, lines: { events: 4, strange: 0 } });
  expect(report.violations).toMatchObject([{ law: "no-overlap", line: 3 }]);
});
