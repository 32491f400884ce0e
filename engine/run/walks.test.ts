/** Random runs of a machine: what they meet, and that they are runs. */
import { describe, expect, test } from "vitest";
import { confirmRun } from "../actions.ts";
import type { PackedMachine } from "../machine.ts";
import { actionOf, adds, compare, value } from "../operations.ts";
import { Layout, plain } from "../search/layout.ts";
import { type Walked, walking } from "./walks.ts";

/** Counts up to 7 or down to 0; one law is violated by a step to 5, another in the state 6. */
function counter(): PackedMachine {
  const layout = new Layout();
  const count = layout.field("count", plain(8));
  const is = value("count", [count], (state) => count.get(state));
  const notFive = { id: "not-five", says: "No step leads from 4 to 5." };
  return {
    name: "counter",
    words: layout.words,
    initial: (state) => state.fill(0),
    actions: [
      actionOf({
        name: "up by 1",
        when: [compare(is, "<", 7)],
        does: adds(count, 1),
        asserts: [{ law: notFive, reads: [count], holds: (state) => count.get(state) !== 4 }],
      }),
      actionOf({ name: "up by 3", when: [compare(is, "<", 5)], does: adds(count, 3) }),
      actionOf({ name: "down", when: [compare(0, "<", is)], does: adds(count, -1) }),
    ],
    invariants: [{ id: "not-six", says: "It is never 6.", holds: (state) => count.get(state) !== 6 }],
  };
}

function walked(machine: PackedMachine, runs: number, seed = 1): Walked {
  const turns = walking(machine, { runs, longest: 30, seed });
  for (;;) {
    const { done, value: now } = turns.next(false);
    if (done) return now;
  }
}

describe("random runs", () => {
  const machine = counter();

  test("meet a violated assertion and a violated invariant, each by a run without a step too many", () => {
    const { violations, violating } = walked(machine, 200);
    expect(violating).toBeGreaterThan(100);
    const lengths = new Map(violations.map(({ law, run }) => [law, run.length]));
    expect(lengths).toEqual(
      new Map([
        ["not-six", 2],
        ["not-five", 3],
      ]),
    );
    for (const { law, run } of violations) expect(confirmRun(machine, law, run)).toBe(true);
  });

  test("are the same from the same seed, and others from another", () => {
    expect(walked(machine, 50, 3)).toEqual(walked(machine, 50, 3));
    expect(walked(machine, 50, 3).steps).not.toBe(walked(machine, 50, 4).steps);
  });

  test("report nothing of a machine that keeps its laws", () => {
    const [one] = machine.actions;
    const kept = { ...machine, invariants: [], actions: machine.actions.filter((each) => each !== one) };
    const { violations, violating, steps, fired } = walked(kept, 100);
    expect({ violations, violating, steps, fired }).toEqual({
      violations: [],
      violating: 0,
      steps: 3000,
      fired: 2,
    });
  });

  test("end after a turn if they are stopped", () => {
    const turns = walking(machine, { runs: 10_000, longest: 3, seed: 1 });
    turns.next(false);
    const { done, value: now } = turns.next(true);
    expect([done, (now as Walked).runs]).toEqual([true, 500]);
  });
});
