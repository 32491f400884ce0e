/** The kernel trees that tests are given: VMAPCHECK_TREES names their directories, with a colon between two. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ALLOCATOR, readTree } from "./source-tree.ts";

const GIVEN = (process.env.VMAPCHECK_TREES ?? "").split(":").filter((directory) => directory !== "");

/** What is not run has a name all the same. */
export const TREES: readonly string[] = GIVEN.length > 0 ? GIVEN : ["a tree"];

/** Whether tests of trees can be run; if not, it says which are skipped, and why. */
export function canRunTrees(what: string, hasCompiler: () => boolean): boolean {
  const lacking = GIVEN.length === 0 ? "VMAPCHECK_TREES names no tree" : "there is no compiler";
  const can = GIVEN.length > 0 && hasCompiler();
  if (!can) console.warn(`skipped: ${what}, since ${lacking} (docs/trees.md)`);
  return can;
}

export type Replacement = readonly [RegExp, string | ((...matched: string[]) => string)];

/** A copy of the tree in which this was replaced in its allocator. Throws an Error where there is nothing to replace. */
export function changedTree(directory: string, ...replaced: readonly Replacement[]): string {
  const copy = mkdtempSync(join(tmpdir(), "vmapcheck-tree-"));
  for (const path of ["Makefile", ...readTree(directory).files.keys()]) {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    cpSync(join(directory, path), join(copy, path));
  }
  const file = join(copy, ALLOCATOR);
  let text = readFileSync(file, "utf8");
  for (const [from, to] of replaced) {
    const before = text;
    text = typeof to === "string" ? text.replace(from, to) : text.replace(from, to);
    if (text === before) throw new Error(`${file} has no ${from}`);
  }
  writeFileSync(file, text);
  return copy;
}
