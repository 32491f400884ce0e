/** Callers and failing memory: each law is violated by an order with one thing replaced, and kept by the releases. */
import { describe, expect, test } from "vitest";
import { visitActions } from "../../../engine/actions.ts";
import { BOUNDS } from "../../../engine/bounds.testing.ts";
import { isIn } from "../../../engine/operations.ts";
import { explore } from "../../../engine/search/explore.ts";
import { CONTEXT_LAWS } from "../../../spec/vmap/concepts.ts";
import { type ContextsScope, numberOf } from "./fields.ts";
import { contextsMachine } from "./machine.ts";
import { frees, populates } from "./others.ts";
import { CONTEXTS_ORDERS, type ContextsOrder, NEWEST, orderOf } from "./releases.ts";
import { byScope, ofCaller } from "./steps.ts";
import { AREA_IS_MADE, HALF_MADE, makesArea, mapsPages, NO_AREA, REFUSED, type Steps } from "./vmalloc.ts";

const WITH_SHADOW: ContextsScope = { cpus: 1, shadow: true };

function visit(order: ContextsOrder, scope = WITH_SHADOW) {
  const machine = contextsMachine("contexts", scope, order);
  const found = explore(visitActions(machine, { symmetry: false }), { bounds: BOUNDS, enough: () => false });
  return { ...found, laws: found.violations.map(({ law }) => law), machine };
}

/** The steps of a list, some with something changed. */
const changing =
  (steps: Steps, change: (step: ReturnType<Steps>[number]) => Partial<ReturnType<Steps>[number]>): Steps =>
  (m, cpu) =>
    steps(m, cpu).map((step) => ({ ...step, ...change(step) }));

const newest = orderOf(NEWEST);
const maps = mapsPages(byScope, false);

/** The newest order with one thing replaced, and what that violates. */
const CANARIES: readonly (readonly [string, Partial<ContextsOrder>, readonly string[]])[] = [
  ["might_sleep whatever the mask", { makesArea: makesArea("always") }, ["sleeps-only-where-it-may"]],
  ["vfree under a spinlock", { frees: frees(["process", "spinlock held"]) }, ["sleeps-only-where-it-may"]],
  [
    "vfree of what is half made in an interrupt",
    { halfMade: orderOf("6.17").halfMade },
    ["sleeps-only-where-it-may", "queued-in-mapped-memory"],
  ],
  [
    "shadow that cannot be had is taken for granted, as of percpu areas before 253a496d8e57 (5.5)",
    { populates: changing(populates(ofCaller), ({ to }) => (to === NO_AREA ? { to: AREA_IS_MADE } : {})) },
    ["failure-is-reported"],
  ],
  [
    "a mapping that fails is taken for granted",
    { mapsPages: changing(maps, ({ to }) => (to === HALF_MADE ? { to: "is mapped" } : {})) },
    ["failure-is-reported"],
  ],
  [
    "an area without shadow is left as it is",
    { populates: changing(populates(ofCaller), ({ to }) => (to === NO_AREA ? { to: REFUSED } : {})) },
    ["failure-leaves-nothing"],
  ],
  [
    "the pages of a mapping that fails are forgotten",
    { halfMade: changing(newest.halfMade, () => ({ does: [] })) },
    ["failure-leaves-nothing"],
  ],
  [
    "a mapping that may not fail is not tried again",
    { mapsPages: changing(maps, ({ at, to }) => (at === to ? { to: HALF_MADE } : {})) },
    ["nofail-is-served"],
  ],
  ["lazy MMU mode is left on by an error", { mapsPages: mapsPages(byScope, true) }, ["sections-end"]],
];

describe("the newest order, changed in one thing, violates the law of that thing", () => {
  test.each(CANARIES)("%s", (_what, changed, laws) => {
    expect(visit({ ...newest, ...changed }).laws).toEqual(expect.arrayContaining([...laws]));
  });

  test("and unchanged it violates none, in every state, with two callers too", () => {
    for (const cpus of [1, 2]) {
      const { ended, laws, deadlocks } = visit(newest, { cpus, shadow: true });
      expect([ended, laws, deadlocks]).toEqual(["fixpoint", [], 0]);
    }
  });

  test("so each law of contexts is violated by some order", () => {
    const violated = new Set([
      ...CANARIES.flatMap(([, , laws]) => laws),
      ...Object.values(CONTEXTS_ORDERS).flatMap((order) => visit(order).laws),
    ]);
    expect(CONTEXT_LAWS.map(({ id }) => id).filter((id) => !violated.has(id))).toEqual([]);
  });
});

describe("what a release allows", () => {
  const begins = (label: string) =>
    visit(orderOf(label)).machine.actions.flatMap(({ says, at }) =>
      at === "idle" && says.includes("vmalloc(") ? [says] : [],
    );

  test.each([
    ["5.10", ["process: vmalloc(GFP_KERNEL)"]],
    [
      "6.12",
      ["GFP_KERNEL", "GFP_NOFS", "GFP_NOIO", "GFP_KERNEL | __GFP_NOFAIL"].map(
        (mask) => `process: vmalloc(${mask})`,
      ),
    ],
  ])("%s: %j", (label, calls) => {
    expect(begins(label)).toEqual(calls);
  });

  test("7.1: without waiting too, under a spinlock and with bottom halves off", () => {
    expect(begins("7.1").filter((each) => each.includes("NOWAIT"))).toEqual([
      "process: vmalloc(GFP_NOWAIT)",
      "spinlock held: vmalloc(GFP_NOWAIT)",
      "bottom halves off: vmalloc(GFP_NOWAIT)",
    ]);
  });
});

test("without KASAN no call has shadow, and nothing of it is asked", () => {
  const { machine, reached, states } = visit(newest, { cpus: 1, shadow: false });
  const parts = machine.layout.fields.find(({ name }) => name === "parts of CPU 0");
  const state = new Int32Array(machine.words);
  const shadow = parts && isIn(parts, numberOf("shadow"));
  for (let number = 0; number < states; number++) {
    reached.read(number, state);
    expect(shadow?.holds(state)).toBe(false);
  }
  expect(states).toBeGreaterThan(100);
});
