/** What replay says of a run of a tree's own code, by what is known of its last step. No tree is needed. */
import { expect, test } from "vitest";
import type { ReplayedTreeRun } from "../../jobs/trees/run.ts";
import type { Attribution } from "../../jobs/trees/situations.ts";
import type { SourceTree } from "../../trees/source-tree.ts";
import { parseCalls } from "../../trees/vmap/calls.ts";
import { treeRunJson, treeRunText } from "./tree-steps.ts";

const LAW = "no-alias-after-unmap-aliases";
const calls = parseCalls("x = map 1 : unmap x; aliases");
const scope = { block: 2, map: 1, pages: 16, lazy: 1000, pressure: 0 };
const pages = { ptes: 0, stale: 1 };

function replayed(known: Attribution | undefined): ReplayedTreeRun {
  const laws = known === undefined ? [] : [LAW];
  return {
    ...{ kind: "tree run", target: "run.json", how: "exactly", searched: undefined, laws },
    file: { tree: "6.12", calls: calls.text, scope, grain: "locks", law: LAW, steps: [] },
    ...{ tree: { directory: "mine", version: "6.12" } as SourceTree, calls, scope, grain: "locks" },
    run: { begin: pages, steps: [{ lane: 0, acts: [], laws, known, pages }] },
    accepted: known === undefined,
  };
}

const C13 = { bug: "vb-final-free-window", alike: undefined, why: undefined, isCompared: true };
const OTHER = { bug: undefined, alike: "vb-final-free-window", why: "it is another block", isCompared: true };
const UNKNOWN = { ...OTHER, alike: undefined, why: undefined };
const BESIDE = { ...OTHER, why: "not compared: no such calls", isCompared: false };

test.each([
  ["C13 of its version", C13, "vb-final-free-window (C13)", "violated by vb-final-free-window (C13), as in"],
  ["unlike C13", OTHER, "unexpected", "unexpected: also violated by known bug vb-final-free-window (C13)"],
  ["of no known bug", UNKNOWN, "unexpected", "unexpected: not known to the catalogue of this version"],
  ["not compared", BESIDE, "not compared", "of this version; not compared: no such calls"],
])("a violation of no-alias-after-unmap-aliases that is %s is called so", (_says, known, verdict, at) => {
  const text = treeRunText(replayed(known)).replaceAll(/\s+/g, " ");
  expect(text).toContain(`tree:mine violates ${LAW} in 1 steps: ${verdict} `);
  expect(text).toContain(at);
  const { bug = null, alike = null, why = null } = known;
  expect(treeRunJson(replayed(known))).toMatchObject({ law: LAW, bug, alike, why });
});

test("a run that violates nothing is accepted, and attributed to nothing", () => {
  expect(treeRunText(replayed(undefined))).not.toMatch(/violated by|unexpected/);
  expect(treeRunJson(replayed(undefined))).toMatchObject({ accepted: true, law: null, bug: null });
});
