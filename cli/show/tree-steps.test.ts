/** What replay says of a run of a tree's own code, by what is known of its last step. No tree is needed. */
import { expect, test } from "vitest";
import { actsIn } from "../../jobs/trees/acts.ts";
import type { ReplayedTreeRun } from "../../jobs/trees/run.ts";
import type { Attribution } from "../../jobs/trees/situations.ts";
import type { SourceTree } from "../../trees/source-tree.ts";
import { parseCalls } from "../../trees/vmap/calls.ts";
import { drawnText, treeRunJson, treeRunText } from "./tree-steps.ts";

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

test("no-crash is violated at an address, and each step is a sentence with its line", () => {
  const at = { file: "/mine/mm/vmalloc.c", function: "vb_free", line: 2909 };
  const acts = actsIn(
    ["begin 1", "lock &vb->lock\tmm/vmalloc.c\tvb_free\t2901", "access 4f0 10", "stop crash "],
    calls,
    new Map([["4f0", at]]),
  );
  const { run, ...found } = replayed(undefined);
  const text = treeRunText({
    ...found,
    run: { ...run, steps: [{ lane: 0, acts, laws: [], pages, known: undefined }] },
  });
  for (const line of [
    "unmap x: begins",
    "locks vb->lock (vb_free():2901)",
    "reads or writes at 0x10",
    "(vb_free():2909)",
    "crashes",
  ])
    expect(text).toMatch(new RegExp(`(?<=\\s)${line.replaceAll(/[()]/g, "\\$&")}(?=\\s)`));
});

const DRAWN = {
  tree: { directory: "mine", version: "6.12" } as SourceTree,
  drawn: "pairs",
  scope,
  grain: "locks",
} as const;
const ALL = {
  ...DRAWN,
  all: 288,
  skipped: 0,
  explored: 288,
  whole: 288,
  states: 9,
  steps: 9,
  seconds: 1,
  reports: [],
  interrupted: false,
};

test("pairs that violate no law hold only as far as they go: longer calls are named as not tried", () => {
  const text = drawnText(ALL).replaceAll(/\s+/g, " ");
  expect(text).toMatch(/^Holds in these 288 pairs: /);
  expect(text).toContain("not tried: longer calls (triples), a third CPU");
  expect(text).toContain("blocks but of 2 pages with maps of 1 (--scope), READ_ONCE and WRITE_ONCE as steps");
  expect(drawnText({ ...ALL, grain: "once", whole: 287 })).toMatch(/^No violation so far/);
  expect(drawnText({ ...ALL, grain: "once" })).not.toContain("READ_ONCE");
  expect(drawnText({ ...ALL, drawn: "actor-triples" })).not.toMatch(/triples\), a third|actor-pairs/);
});
