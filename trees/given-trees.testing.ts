/** The kernel trees that tests are given: VMAPCHECK_TREES names their directories, with a colon between two. */

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
