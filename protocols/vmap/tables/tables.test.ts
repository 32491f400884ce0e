/** Side tables: each law is violated by an order with one thing replaced, and kept by the releases that repaired it. */
import { describe, expect, test } from "vitest";
import { visitActions } from "../../../engine/actions.ts";
import { BOUNDS } from "../../../engine/bounds.testing.ts";
import type { Operation } from "../../../engine/operations.ts";
import { explore } from "../../../engine/search/explore.ts";
import { TABLE_LAWS } from "../../../spec/vmap/concepts.ts";
import type { TablesScope } from "./fields.ts";
import { tablesMachine } from "./machine.ts";
import { KASAN_ORDERS, OBJECTS_ORDERS, type TablesOrder } from "./releases.ts";
import type { Steps } from "./steps.ts";

const SHARED: TablesScope = { cpus: 2, places: 2, sharing: 2 };
const OWN: TablesScope = { cpus: 2, places: 2, sharing: 1 };

function visit(order: TablesOrder, scope = SHARED) {
  const machine = tablesMachine("tables", scope, order);
  const found = explore(visitActions(machine, { symmetry: false }), { bounds: BOUNDS, enough: () => false });
  return { ...found, laws: found.violations.map(({ law }) => law), machine };
}

const shadow = (label: string) => KASAN_ORDERS[label] as TablesOrder;
const objects = (label: string) => OBJECTS_ORDERS[label] as TablesOrder;

/** An order whose steps of these words do only so much of what they did. */
const doing = (
  order: TablesOrder,
  says: RegExp,
  some: (does: readonly unknown[]) => readonly unknown[],
): TablesOrder =>
  order.map(
    (steps): Steps =>
      (m, cpu) =>
        steps(m, cpu).map((step) =>
          says.test(step.says) ? { ...step, does: some([step.does].flat()) as readonly Operation[] } : step,
        ),
  );

describe("a side table that areas share", () => {
  test.each(["5.5", "6.9", "6.13", "6.17"])("is right in kasan-%s while areas share an entry", (label) => {
    const { ended, laws, deadlocks } = visit(shadow(label));
    expect([ended, laws, deadlocks]).toEqual(["fixpoint", [], 0]);
  });

  test.each([
    ["5.5", ["table-flushed-once"]],
    ["6.9", ["table-flushed-once"]],
    ["6.13", []],
    ["6.17", []],
  ])("in kasan-%s a purge of two areas with an entry each violates %j", (label, laws) => {
    expect(visit(shadow(label), { cpus: 1, places: 2, sharing: 1 }).laws).toEqual(laws);
  });

  test("keeps what an area had if a free does not poison it", () => {
    const order = doing(shadow("6.17"), /^vfree poisons/, (does) => does.slice(-1));
    expect(visit(order).laws).toContain("entry-ends-with-area");
  });

  test("lacks what an owner may access after vrealloc (2024-11), and not if a resized area is unpoisoned", () => {
    expect(visit(shadow("6.12-resizing")).laws).toEqual(["touch-finds-entry"]);
    const { ended, laws } = visit(shadow("6.13-resizing"));
    expect([ended, laws]).toEqual(["fixpoint", []]);
  });

  test("lacks what an owner may access if that is not unpoisoned where the area is made", () => {
    const order = doing(shadow("6.17"), /may be accessed/, (does) => does.filter((_each, nth) => nth !== 1));
    expect(visit(order).laws).toContain("touch-finds-entry");
  });
});

describe("a side table that owners fill", () => {
  test("is right if it is emptied before the area is released, and not if after", () => {
    expect(visit(objects("4.18"), OWN).laws).toEqual([]);
    expect(visit(objects("2.6.28"), OWN).laws.toSorted()).toEqual([
      "entry-ends-with-area",
      "entry-is-its-owners",
    ]);
  });

  test("needs two callers for that: one alone loses nothing", () => {
    expect(visit(objects("2.6.28"), { cpus: 1, places: 1, sharing: 1 }).laws).toEqual([]);
  });
});

test("each law of side tables is violated by some order", () => {
  const violated = new Set([
    ...Object.values(KASAN_ORDERS).flatMap((order) => visit(order).laws),
    ...Object.values(OBJECTS_ORDERS).flatMap((order) => visit(order, OWN).laws),
    ...visit(shadow("6.9"), { cpus: 1, places: 2, sharing: 1 }).laws,
  ]);
  expect(TABLE_LAWS.map(({ id }) => id).filter((id) => !violated.has(id))).toEqual([]);
});
