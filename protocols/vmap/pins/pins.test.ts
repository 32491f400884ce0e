import { describe, expect, test } from "vitest";
import { visitActions } from "../../../engine/actions.ts";
import { BOUNDS } from "../../../engine/bounds.testing.ts";
import { explore } from "../../../engine/search/explore.ts";
import { POLICIES, type Policy, pinsMachine } from "./machine.ts";

const machine = (name: string, cpus = 2, pages = 2, frames = 2) =>
  pinsMachine(name, { cpus, pages, frames }, POLICIES[name] as Policy);

function violated(name: string, cpus = 2): Record<string, number> {
  const { violations, ended } = explore(visitActions(machine(name, cpus), { symmetry: true }), {
    bounds: BOUNDS,
    enough: () => false,
  });
  expect(ended).toBe("fixpoint");
  return Object.fromEntries(violations.map(({ law, run }) => [law, run.length]));
}

describe("a frame is pinned while others unmap and purge", () => {
  test.each([
    ["if-outstanding", 9, "a purge that has gathered no longer counts the pages, and has not flushed"],
    ["bit-per-frame", 17, "clearing all bits clears that of a frame unmapped after the sweep had gathered"],
    ["stocked-before-sweep", 6, "another CPU takes a frame from the stock before its sweep"],
  ])("%s is violated in %i steps: %s", (name, steps) => {
    expect(violated(name)).toEqual({ "pinned-is-unaliased": steps });
  });

  test.each([
    "always",
    "if-outstanding-counted-till-released",
    "count-per-frame",
    "stocked-after-sweep",
    "host-repairs",
  ])("%s holds, with two CPUs and with three", (name) => {
    expect(violated(name)).toEqual({});
    expect(violated(name, 3)).toEqual({});
  });
});
