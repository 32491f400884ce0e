/** Page-table levels: each law is violated by an order with one thing replaced, and kept by the newest. */
import { describe, expect, test } from "vitest";
import { visitActions } from "../../../engine/actions.ts";
import { BOUNDS } from "../../../engine/bounds.testing.ts";
import { explore } from "../../../engine/search/explore.ts";
import { LEVEL_LAWS } from "../../../spec/vmap/concepts.ts";
import { unmaps, unmapsSecond } from "./calls.ts";
import type { LevelsScope } from "./fields.ts";
import { LEVELS_ORDERS, type LevelsOrder, levelsMachine } from "./machine.ts";
import type { Steps } from "./walks.ts";

const SMALLEST: LevelsScope = { cpus: 1, regions: 1, tables: 1, pairs: 2, devices: false };

function visit(order: LevelsOrder, scope: Partial<LevelsScope> = {}) {
  const machine = levelsMachine("levels", { ...SMALLEST, ...scope }, order);
  const found = explore(visitActions(machine, { symmetry: false }), { bounds: BOUNDS, enough: () => false });
  return { ...found, laws: found.violations.map(({ law }) => law), machine };
}

const order = (label: string) => LEVELS_ORDERS[label] as LevelsOrder;
const newest = order("7.2");

describe("the newest order", () => {
  test.each([{}, { cpus: 2 }, { devices: true }, { regions: 2, tables: 2 }])(
    "keeps every law in every state of %j",
    (scope) => {
      const { ended, laws, deadlocks } = visit(newest, scope);
      expect([ended, laws, deadlocks]).toEqual(["fixpoint", [], 0]);
    },
  );

  test("violates pages-reach-their-frames if a part of what a huge entry maps is unmapped", () => {
    expect(visit({ ...newest, steps: [...newest.steps, unmapsSecond] }).laws).toEqual([
      "pages-reach-their-frames",
    ]);
  });

  test("violates failure-leaves-nothing if a call that fails leaves its leaf", () => {
    const leaving: Steps = (m) =>
      m.regions.flatMap((region) =>
        m.tables.map((table) => ({
          at: `vmap_pages_range ${region.index}`,
          says: "sets one leaf, and fails",
          to: `fail ${region.index}`,
          when: [{ field: region.upper, allowed: 1 << (table.index + 1) }],
          does: {
            says: ["a leaf"],
            reads: [],
            writes: table.leaves,
            run: (state: Int32Array) => table.leaves[0]?.set(state, 1),
          },
        })),
      );
    expect(visit({ ...newest, steps: [...newest.steps, leaving] }).laws).toContain("failure-leaves-nothing");
  });

  test("violates pages-reach-their-frames if a free leaves the translation for the next owner", () => {
    const unflushed = newest.steps.map(
      (steps): Steps =>
        steps === unmaps
          ? (m, cpu) => unmaps(m, cpu).map((step) => ({ ...step, does: [step.does ?? [], free(m)] }))
          : steps,
    );
    /** Free at once: no purge flushes it. */
    const free = (m: Parameters<Steps>[0]) => ({
      says: ["free at once"],
      reads: [],
      writes: m.regions.map(({ life }) => life),
      run: (state: Int32Array) => {
        for (const { life } of m.regions) if (life.get(state) === 3) life.set(state, 0);
      },
    });
    expect(visit({ ...newest, steps: unflushed }).laws).toContain("pages-reach-their-frames");
  });
});

describe("a table that a huge entry replaces", () => {
  test.each([
    ["4.1", {}, ["tables-are-reached"]],
    ["4.16", {}, ["no-walker-holds-freed-table"]],
    ["4.19", {}, []],
    ["4.19", { cpus: 2 }, ["no-walker-holds-freed-table"]],
    ["6.12.117", { cpus: 2 }, []],
    ["6.12.117", { devices: true }, ["no-walker-holds-freed-table"]],
    ["6.19", { devices: true }, []],
  ] as const)("in levels-%s, %j, violates %j", (label, scope, laws) => {
    expect(visit(order(label), scope).laws).toEqual(laws);
  });
});

test("each law of levels is violated by some order", () => {
  const violated = new Set(Object.values(LEVELS_ORDERS).flatMap((each) => visit(each).laws));
  expect(LEVEL_LAWS.map(({ id }) => id).filter((id) => !violated.has(id))).toEqual([]);
});
