/** Drawn calls on the trees that VMAPCHECK_TREES names; without it, or without a compiler, only what is drawn. */
import { describe, expect, test } from "vitest";
import { canRunTrees, changedTree, TREES } from "../../trees/given-trees.testing.ts";
import { hasHostCompiler } from "../../trees/native-build.ts";
import { exploreTreeSteps, treeStepsAsked } from "./steps.ts";
import { drawnCalls, exploreDrawn } from "./steps-drawn.ts";

const CAN_RUN = canRunTrees("pairs of calls on a tree", hasHostCompiler);

describe.skipIf(!CAN_RUN)("with VMAPCHECK_TREES and a compiler (skipped without):", () => {
  test.each(TREES)("pairs on %s are explored from where an earlier exploration ended", async (directory) => {
    const texts = drawnCalls("pairs");
    const skip = texts.length - 3;
    let states = 0;
    for (const calls of texts.slice(skip))
      states += (await exploreTreeSteps(treeStepsAsked(directory, { calls }), {})).states;
    const rest = await exploreDrawn(directory, "pairs", { skip });
    expect(rest).toMatchObject({ all: texts.length, skipped: skip, explored: 3, whole: 3, states });
    await expect(exploreDrawn(directory, "pairs", { skip: texts.length })).rejects.toThrow(
      "--skip: pairs are 288; at most 287 are left out",
    );
  });

  test.each(TREES)(
    "a page of %s that is mapped again before its vunmap returns owes no flush",
    async (directory) => {
      const calls = "v = vmap 1 : map 2 | vunmap v; aliases";
      const { ended, reports } = await exploreTreeSteps(
        treeStepsAsked(directory, { calls, scope: "lazy=0" }),
        {},
      );
      expect([ended, reports]).toEqual(["fixpoint", []]);
    },
  );
});

describe.skipIf(!CAN_RUN)("a tree that reads through a null pointer", () => {
  test.each(TREES)("in %s violates no-crash at that address, in that line", async (directory) => {
    const copy = changedTree(directory, [
      /BUG_ON\(vb->free\);/,
      "vb->dirty = *(volatile unsigned long *)16;",
    ]);
    const calls = "x = map 1; y = map 1 : unmap y | unmap x; aliases";
    const { reports } = await exploreTreeSteps(treeStepsAsked(copy, { calls }), { law: "no-crash" });
    expect(reports[0]?.run.steps.at(-1)?.acts.slice(-2)).toMatchObject([
      { says: "reads or writes", address: "10", at: { function: "vb_free" } },
      { says: "crashes" },
    ]);
  });
});

test("each pair of calls is drawn once, in the same order each time", () => {
  expect(drawnCalls("pairs")).toHaveLength(288);
  expect(drawnCalls("pairs")).toEqual([...new Set(drawnCalls("pairs"))]);
});
