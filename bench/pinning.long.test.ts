import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { kernelNamed } from "./kernel.ts";
import { pinningTable, verdictTable } from "./pinning.ts";

const DOC = readFileSync(new URL("../docs/pinning.md", import.meta.url), "utf8");

/** One of each kind of block: those of the others are like one of these. */
const THREE = ["2.6.28", "3.16", "4.15.0"].map(kernelNamed);

/** A table's cells, however its columns are padded. */
const cells = (text: string) =>
  text
    .split("\n")
    .filter((line) => line.startsWith("|") && !/^\|[ :|-]+$/.test(line))
    .map((line) => line.split("|").map((cell) => cell.trim()));

describe("docs/pinning.md", () => {
  test.each([
    ["what a pinned frame costs", pinningTable],
    ["which bugs reach a pinned frame, of three kernels", () => verdictTable(THREE)],
  ])("has the table of %s as the program prints it", (_what, table) => {
    expect(cells(DOC)).toEqual(expect.arrayContaining(cells(table())));
  });
});
