import { describe, expect, test } from "vitest";
import { lazyUnmap, lazyUnmapRules } from "../protocols/vmap/lazy-unmap.ts";
import { confirmRun, visitActions } from "./actions.ts";
import { BOUNDS } from "./bounds.testing.ts";
import type { PackedMachine } from "./machine.ts";
import { counter, ring } from "./machines.testing.ts";
import { has } from "./reduce/conditions.ts";
import { explore } from "./search/explore.ts";
import { Layout, plain } from "./search/layout.ts";
import type { ExploreOptions } from "./search/visitable.ts";

const FREELY: ExploreOptions = { bounds: BOUNDS };

/** The machine, with this function as the form by which its states are merged. */
const mergedBy = (machine: PackedMachine, canonical: (state: Int32Array) => void): PackedMachine => ({
  ...machine,
  symmetry: () => canonical,
});

describe("a wrong symmetry", () => {
  const says = "ring: its symmetry is not one, or its canonical form is wrong";

  test("is noticed where no action violates the law that its representative violated", () => {
    // Place 1 is taken for place 2, which is forbidden.
    const machine = mergedBy(ring(4, 1, 2), (state) => {
      if (state[0] === 0b10) state[0] = 0b100;
    });
    expect(() => explore(visitActions(machine, { symmetry: true }), FREELY)).toThrow(says);
  });

  test("is noticed where no action leads to the next representative", () => {
    const machine = mergedBy(ring(5, 1, 4), (state) => {
      if (state[0] === 0b10) state[0] = 0b100;
    });
    expect(() => explore(visitActions(machine, { symmetry: true }), FREELY)).toThrow(says);
  });
});

describe("a run among merged states", () => {
  /** From 1, actions each of which leads from one number to another; merged by a form that merges none. */
  function steps(...all: readonly (readonly [from: number, to: number, asserts?: string])[]): PackedMachine {
    const layout = new Layout();
    const at = layout.field("at", plain(8));
    const machine: PackedMachine = {
      name: "steps",
      words: layout.words,
      initial: (state) => {
        state.fill(0);
        at.set(state, 1);
      },
      actions: all.map(([from, to, id], nth) => ({
        name: `${nth}: ${from} to ${to}`,
        when: [has(at, from)],
        effect: (state: Int32Array) => at.set(state, to),
        ...(id === undefined
          ? {}
          : { asserts: [{ law: { id, says: "It is not taken." }, holds: () => false }] }),
      })),
      invariants: [{ id: "not-at-5", says: "Place 5 is never reached.", never: [[has(at, 5)]] }],
    };
    return mergedBy(machine, () => {});
  }

  function runInto(machine: PackedMachine, law: string): readonly number[] | undefined {
    const visited = visitActions(machine, { symmetry: true });
    const { violations } = explore(visited, { ...FREELY, enough: (violated) => violated.includes(law) });
    const run = violations.find((each) => each.law === law)?.run;
    expect(run && confirmRun(machine, law, run)).toBe(true);
    return run;
  }

  test("takes no disabled action, even if its effect would lead to the next state", () => {
    expect(runInto(steps([3, 2], [1, 2], [4, 5], [2, 5]), "not-at-5")).toEqual([1, 3]);
  });

  test("takes no action whose assertion fails on the way", () => {
    expect(runInto(steps([1, 2, "first"], [1, 2], [2, 3], [3, 5]), "not-at-5")).toEqual([1, 2, 3]);
  });

  test("ends with an action that violates the law itself, not with another's", () => {
    const machine = steps([1, 2], [2, 3], [2, 5], [2, 4, "first"], [2, 4, "second"]);
    expect(runInto(machine, "second")).toEqual([0, 4]);
    expect(runInto(machine, "first")).toEqual([0, 3]);
    expect(runInto(machine, "not-at-5")).toEqual([0, 2]);
  });
});

describe("a receipt", () => {
  const reductionsOf = (machine: PackedMachine, symmetry: boolean) =>
    visitActions(machine, { symmetry }).reductions;

  test("names what is interchangeable", () => {
    const machine = lazyUnmap({ V: 3, F: 2, C: 3 });
    expect(reductionsOf(machine, true)).toEqual([
      "symmetry of pages (3), frames (2) and CPUs (3): states that differ only in their numbering",
    ]);
    expect(reductionsOf(machine, false)).toEqual([]);
  });

  test("does not name an index set of one member", () => {
    expect(reductionsOf(lazyUnmap({ V: 2, F: 1, C: 1 }), true)).toEqual([
      "symmetry of pages (2): states that differ only in their numbering",
    ]);
  });

  test("names nothing that the machine leaves unnamed", () => {
    expect(
      reductionsOf(
        mergedBy(ring(3, 1), () => {}),
        true,
      ),
    ).toEqual(["symmetry of interchangeable things: states that differ only in their numbering"]);
  });
});

describe("a run", () => {
  const circle = ring(6, 1, 3);

  test("confirms a violation of an invariant at its end, and no earlier", () => {
    expect(confirmRun(circle, "place-free", [0, 1, 2])).toBe(true);
    expect(confirmRun(circle, "place-free", [0, 1])).toBe(false);
    expect(confirmRun(circle, "place-free", [])).toBe(false);
    expect(confirmRun(circle, "place-free", [0, 1, 2, 3])).toBe(false);
    expect(confirmRun(circle, "place-free", [0, 1, 2, 3, 4, 5, 0, 1, 2])).toBe(false);
    expect(confirmRun(ring(6, 1, 0), "place-free", [])).toBe(true);
  });

  test("confirms no run with a disabled or an unknown action", () => {
    expect(confirmRun(circle, "place-free", [0, 2, 1])).toBe(false);
    expect(confirmRun(circle, "place-free", [0, 1, 2].with(0, 6))).toBe(false);
    expect(confirmRun(circle, "place-free", [-1])).toBe(false);
  });

  test("confirms no other law", () => {
    expect(confirmRun(circle, "from 2", [0, 1, 2])).toBe(false);
    expect(confirmRun(circle, "nothing", [0, 1, 2])).toBe(false);
  });

  test("confirms an assertion that fails in its last action, and leads nowhere else", () => {
    expect(confirmRun(counter(9, 3), "add 2", [0, 1])).toBe(true);
    expect(confirmRun(counter(9, 3), "add 1", [0, 1])).toBe(false);
    expect(confirmRun(counter(9, 3), "add 1", [1, 0])).toBe(true);
    expect(confirmRun(counter(9, 3), "add 2", [0, 1, 1])).toBe(false);
    expect(confirmRun(counter(9, 3), "add 2", [0])).toBe(false);
  });

  test.each([
    { ...lazyUnmapRules, waitsForFlushes: false },
    { ...lazyUnmapRules, purgesAliases: false },
  ])("that was found is confirmed, merged or not, and by no machine but its own (%j)", (rules) => {
    const scope = { V: 2, F: 2, C: 2 };
    const machine = lazyUnmap(scope, rules);
    for (const symmetry of [false, true]) {
      const { violations } = explore(visitActions(machine, { symmetry }), { ...FREELY, enough: () => false });
      expect(violations).not.toEqual([]);
      for (const { law, run } of violations) {
        expect(confirmRun(machine, law, run)).toBe(true);
        expect(confirmRun(lazyUnmap(scope), law, run)).toBe(false);
      }
    }
  });
});
