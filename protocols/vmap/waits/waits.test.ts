/** Laws of waiting that no pinned run violates: each is seen to be violated, and to hold. */
import { expect, test } from "vitest";
import { BOUNDS } from "../../../engine/bounds.testing.ts";
import { findLassos } from "../../../engine/live/liveness.ts";
import type { WaitsScope } from "./fields.ts";
import { WAITS_ORDERS, waitsMachine } from "./machine.ts";
import type { WaitsOrder } from "./threads.ts";

const USUAL: WaitsScope = { cpus: 1, areas: 1, most: 1, workers: 1, memory: true, other: "none" };

/** What does not end, with the steps before the first lasso. */
function lasting(name: string, scope: Partial<WaitsScope> = {}): Record<string, number> {
  const machine = waitsMachine(name, { ...USUAL, ...scope }, WAITS_ORDERS[name] as WaitsOrder);
  const { lasted, ended } = findLassos(machine, BOUNDS);
  expect(ended).toBe("fixpoint");
  return Object.fromEntries(
    lasted.flatMap(({ id, lasso }) => (lasso === undefined ? [] : [[id, lasso.stem.length]])),
  );
}

test("A call does not return that sleeps on the lock of a purge, which waits for a worker", () => {
  // No purge of its own began: that takes two steps more.
  expect(lasting("7.1")).toMatchObject({ "call-returns-0": 11, "purge-ends-0": 13 });
});

test("Work is not done if making its worker sleeps on that lock, or if no memory comes for a worker", () => {
  expect(lasting("7.1")).toMatchObject({ "work-is-done": 9 });
  expect(lasting("6.9", { workers: 0, memory: false })).toMatchObject({ "work-is-done": 8 });
});

test("Calls return and work is done where the shrinker takes no lock, or each work has a rescuer", () => {
  expect(lasting("6.9")).toEqual({});
  expect(lasting("7.1-two-queues", { workers: 0, memory: false })).toEqual({});
});
