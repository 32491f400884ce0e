/** The transcripts of README.md and docs/tour.md: every line of them is printed, in their order. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ROOT, vmapcheckAt } from "./running.testing.ts";

const SHELL_LINE = "$ npm run -s vmapcheck -- ";

interface Transcript {
  readonly words: string;
  /** Without `...`, which marks lines that are left out. */
  readonly lines: readonly string[];
}

/** Every command of a fenced block, with the lines below it. */
function transcriptsIn(text: string): Transcript[] {
  const blocks = [...text.matchAll(/^```\n([\s\S]*?)^```$/gm)].map(([, block]) => block as string);
  return blocks
    .flatMap((block) => block.split(/^(?=\$ )/m))
    .filter((part) => part.startsWith(SHELL_LINE))
    .map((part) => {
      const [head = "", ...lines] = part.trimEnd().split("\n");
      return { words: head.slice(SHELL_LINE.length), lines: lines.filter((line) => line !== "...") };
    });
}

/** The time taken is not part of a transcript. */
const timeless = (line: string) => line.replace(/\d+(\.\d+)? s$/, "# s").trimEnd();

/** The first line that is not printed after those before it; undefined if all are. */
function firstMissing(lines: readonly string[], printed: readonly string[]): string | undefined {
  let from = 0;
  for (const line of lines.map(timeless)) {
    const at = printed.indexOf(line, from);
    if (at < 0) return line;
    from = at + 1;
  }
  return undefined;
}

const PAGES = ["README.md", "docs/tour.md"].map((page) => readFileSync(join(ROOT, page), "utf8"));
// The states that diff explores within its seconds depend on the machine.
const transcripts = PAGES.flatMap(transcriptsIn).filter(({ words }) => !words.startsWith("diff"));

describe("README.md and docs/tour.md show what is printed", () => {
  test("by the verbs that draw nothing", () => {
    const verbs = transcripts.map(({ words }) => words.split(" ")[0]);
    expect([...new Set(verbs)].sort()).toEqual(["conform", "explore", "judge", "replay"]);
  });

  test.each(transcripts)("$words", async ({ words, lines }) => {
    const { out } = await vmapcheckAt(ROOT, ...words.split(" "));
    expect(lines.length).toBeGreaterThan(2);
    expect(firstMissing(lines, out.split("\n").map(timeless))).toBeUndefined();
  });

  test.each(PAGES)("by check, whose matrix is of pinned histories only", async (page) => {
    const [, words = "", block = ""] =
      /`npm run -s vmapcheck -- (check [^`]+)` [^\n]*:\n\n```\n([\s\S]*?)^```$/m.exec(page) ?? [];
    const lines = block.trimEnd().split("\n");
    const { out } = await vmapcheckAt(ROOT, ...words.split(" "), "--runs", "20");
    expect(lines.length).toBeGreaterThan(4);
    expect(firstMissing(lines, out.split("\n").map(timeless))).toBeUndefined();
  });

  test("a line that is not printed, or in another order, is detected", () => {
    expect(firstMissing(["a", "c, 2 s"], ["a", "b", "c, # s"])).toBeUndefined();
    expect(firstMissing(["a", "d"], ["a", "b", "c"])).toBe("d");
    expect(firstMissing(["c", "a"], ["a", "b", "c"])).toBe("a");
  });
});
