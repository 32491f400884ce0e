import { describe, expect, test } from "vitest";
import { visitActions } from "../../../engine/actions.ts";
import { BOUNDS } from "../../../engine/bounds.testing.ts";
import { findLassos } from "../../../engine/live/liveness.ts";
import { explore } from "../../../engine/search/explore.ts";
import { AREA_ORDERS, type AreasOrder, areasMachine } from "./machine.ts";

const orderOf = (name: string) => AREA_ORDERS[name] as AreasOrder;
const machine = (name: string, cpus: number, places: number, caches = true) =>
  areasMachine(name, { cpus, places, lazyMax: 1, caches }, orderOf(name));
const visited = (name: string, cpus: number, places: number) =>
  explore(visitActions(machine(name, cpus, places), { symmetry: true }), {
    bounds: BOUNDS,
    enough: () => false,
  });

/** The violated laws, each with the length of a shortest run. */
const violated = (name: string, cpus: number, places: number) => {
  const { violations, ended } = visited(name, cpus, places);
  expect(ended).toBe("fixpoint");
  return Object.fromEntries(violations.map(({ law, run }) => [law, run.length]));
};

describe("with one place, an allocation finds it taken by an area that another CPU is about to release:", () => {
  test("A3: before 2.6.28 the allocation gives up while another CPU purges, and is refused", () => {
    expect(violated("2.6.28-rc3", 2, 1)).toEqual({ "no-bug": 8, "refused-only-when-full": 13 });
  });

  test("B1: up to 2.6.32 a purge gathers more than was counted, and hits its BUG_ON", () => {
    expect(violated("2.6.28", 2, 1)).toEqual({ "no-bug": 8 });
  });

  test.each(["2.6.33", "4.10", "5.1", "5.18", "6.12"])("%s violates no law with one place", (name) => {
    expect(violated(name, 2, 1)).toEqual({});
  });
});

describe("with two places", () => {
  const one = { "refused-only-when-full": 25 };

  test.each([
    ["2.6.33", { "lazy-bounded": 19, ...one }],
    ["4.10", { "lazy-bounded": 19, ...one }],
    ["5.1", { "lazy-bounded": 19, ...one }],
    ["5.18", one],
    ["6.12", one],
  ])(
    "%s violates %j: it searches only once more after its purge, and a trylock leaves areas lazy",
    (name, laws) => {
      expect(violated(name, 2, 2)).toEqual(laws);
    },
  );

  test("an allocation that searches under the purge lock is refused only when all is busy", () => {
    expect(violated("5.18-searching-under-lock", 2, 2)).toEqual({});
    expect(violated("5.18-searching-under-lock", 3, 2)).toEqual({});
  });
});

describe("liveness of areas:", () => {
  const lasting = (name: string, places: number) =>
    findLassos(machine(name, 2, places, false), BOUNDS)
      .lasted.filter(({ verdict }) => verdict !== "holds")
      .map(({ id }) => id);

  test("A15: in 4.10 allocators can keep lazy pages above twice the limit for ever; in 5.1 they cannot", () => {
    expect(lasting("4.10", 4)).toEqual(["lazy-comes-down"]);
    expect(lasting("5.1", 4)).toEqual([]);
  });

  test("B3: the worker of 5.18-rc1 spins over nothing, for its counter was overwritten", () => {
    expect(lasting("5.18-rc1", 2)).toContain("nothing-lazy-nothing-purged-0");
    expect(lasting("5.18", 2)).toEqual([]);
  });

  test("every purge ends and every allocation returns, but not if a search holds the lock until nothing is lazy", () => {
    expect(lasting("2.6.33", 2)).toEqual([]);
    expect(lasting("6.12", 2)).toEqual([]);
    expect(lasting("5.18-searching-under-lock", 2)).toEqual(["allocation-returns-0", "allocation-returns-1"]);
  });
});
