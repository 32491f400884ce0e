import { afterEach, describe, expect, test, vi } from "vitest";
import { columns, commandLine, folded, progress } from "./output.ts";

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("what is printed", () => {
  test("has lines of at most 100 columns, folded at spaces and indented a little more", () => {
    const text = `  ${"word ".repeat(40).trim()}`;
    const lines = folded(text).split("\n");
    expect(lines.map((line) => line.length <= 100)).toEqual([true, true, true]);
    expect(lines.map((line) => line.search(/\S/))).toEqual([2, 4, 4]);
    expect(
      lines
        .join(" ")
        .split(/\s+/)
        .filter((word) => word === "word"),
    ).toHaveLength(40);
  });

  test("keeps short lines as they are, with the spaces between their words", () => {
    expect(folded("step 1 of 2:  alloc  ->  placed\n\n  area   .")).toBe(
      "step 1 of 2:  alloc  ->  placed\n\n  area   .",
    );
  });

  test("counts no colours, and folds no word", () => {
    const red = `\u001b[31m${"x".repeat(99)}\u001b[39m`;
    expect(folded(red)).toBe(red);
    expect(folded(`a ${"x".repeat(120)} b`)).toBe(`a\n  ${"x".repeat(120)}\n  b`);
  });
});

describe("a command line", () => {
  test("that fits is one line", () => {
    expect(commandLine("replay", "vmapcheck replay A9")).toBe("replay:  vmapcheck replay A9");
  });

  test("that is too long is one command to a shell, on two lines", () => {
    const words = `npm run -s vmapcheck -- replay ${"x".repeat(30)} --law ${"y".repeat(20)} --kernel 4.15.18-ubuntu`;
    const lines = commandLine("replay", words).split("\n");
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/ \\$/);
    expect(lines.map((line) => line.length <= 100)).toEqual([true, true]);
    expect(lines.join("").replace(/ \\ +/, " ")).toBe(`replay:  ${words}`);
  });

  test("is not folded behind the npm script, whose words end with --", () => {
    const words = `npm run -s vmapcheck -- replay ${"x".repeat(80)}`;
    expect(commandLine("replay", words)).toBe(
      `replay:  npm run -s vmapcheck -- replay \\\n    ${"x".repeat(80)}`,
    );
  });

  test("with a long file and a long directory is one command still, which print leaves as it is", () => {
    const words = `npm run -s vmapcheck -- replay ${"x".repeat(80)} --tree /${"y".repeat(97)}`;
    const text = commandLine("replay", words);
    expect(text.replaceAll(/ \\\n +/g, " ")).toBe(`replay:  ${words}`);
    expect(folded(text).split("\n").slice(0, -1)).toSatisfy((lines: string[]) =>
      lines.every((line) => line.endsWith(" \\")),
    );
  });
});

describe("columns", () => {
  test("are as wide as their cells, two spaces apart", () => {
    expect(
      columns([
        ["a", "bb"],
        ["ccc", "d"],
      ]),
    ).toBe("a    bb\nccc  d");
  });

  test("that are too wide together are folded, the widest first, without loss of a word", () => {
    const rows = [
      ["short", "word ".repeat(30).trim(), "1"],
      ["other", "word", "22"],
    ];
    const lines = columns(rows).split("\n");
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
    expect(lines.join(" ").match(/word/g)).toHaveLength(31);
    expect(lines[0]).toMatch(/^short {2}word .* 1$/);
  });

  test("keep a word whole that is longer than there is room for", () => {
    expect(columns([["x".repeat(120), "y z"]])).toContain("x".repeat(120));
  });

  test("have a colour in each line of a cell that is folded, and none in the cells beside it", () => {
    const red = "\u001b[31mone and two\u001b[39m";
    expect(columns([[red, "a\nb"]], 10).split("\n")).toEqual([
      "\u001b[31mone and\u001b[0m  a",
      "\u001b[31mtwo\u001b[39m      b",
    ]);
  });

  test("are aligned by what letters take of a terminal: two columns, or none", () => {
    const rows = ["漢字", "e\u0301\u0302x", "abcd"].map((name) => [name, "|"]);
    expect(columns(rows).split("\n")).toEqual(["漢字  |", "e\u0301\u0302x    |", "abcd  |"]);
  });

  test("of a row with fewer cells end there, and a line that is empty stays", () => {
    expect(columns([["a", "b\n\nc"], ["d"], []])).toBe("a  b\n\n   c\nd\n");
  });

  test.each([
    ["no empty column", "a"],
    ["an empty column, which is one wide", ""],
  ])("with %s are folded once: no line is left to fold", (_what, first) => {
    const rows = [
      [first, "flush-well-formed", "word of some length ".repeat(12).trim()],
      [first, "x", "y"],
    ];
    const text = columns(rows);
    expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(folded(text)).toBe(text);
    for (const width of [40, 60, 99]) expect(folded(columns(rows, width), width)).toBe(columns(rows, width));
  });
});

describe("progress without a terminal", () => {
  const written = () => {
    vi.useFakeTimers({ now: 0 });
    const lines: string[] = [];
    vi.spyOn(process.stderr, "write").mockImplementation((text) => lines.push(String(text)) > 0);
    return lines;
  };
  const sayFor = async (seconds: number) => {
    const bar = await progress();
    for (let at = 0; at <= seconds; at++) {
      vi.setSystemTime(at * 1000);
      bar.say(`state ${at}`);
    }
    bar.stop();
  };

  test("is a line every ten seconds", async () => {
    const lines = written();
    await sayFor(35);
    expect(lines).toEqual([
      "vmapcheck: 10 s: state 10\n",
      "vmapcheck: 20 s: state 20\n",
      "vmapcheck: 30 s: state 30\n",
    ]);
  });

  test("is cut at a word where it is too long", async () => {
    const lines = written();
    const bar = await progress();
    vi.setSystemTime(10_000);
    bar.say(`${"states ".repeat(12)}and-some-more of them`);
    expect(lines).toEqual([`vmapcheck: 10 s: ${"states ".repeat(11)}...\n`]);
  });

  test("is empty for shorter work", async () => {
    const lines = written();
    await sayFor(9);
    expect(lines).toEqual([]);
  });
});
