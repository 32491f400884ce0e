import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { confirmRun, type VisitOptions, visitActions } from "../actions.ts";
import { BOUNDS, quickly } from "../bounds.testing.ts";
import type { Action, PackedMachine } from "../machine.ts";
import { counter } from "../machines.testing.ts";
import { drawn, drawnAlike, machineOf } from "../programs.testing.ts";
import { explore } from "../search/explore.ts";
import { type Field, Layout, plain, setOf } from "../search/layout.ts";
import type { Explored } from "../search/visitable.ts";
import { has } from "./conditions.ts";
import { checkFootprints } from "./footprints.testing.ts";
import { StubbornSets } from "./partial-order.ts";

const [WHOLE, REDUCED] = [{ symmetry: false }, { symmetry: false, partialOrder: true }];

function visited(machine: PackedMachine, options: VisitOptions, compact = false): Explored {
  return explore(visitActions(machine, options), { bounds: BOUNDS, enough: () => false, compact });
}

/** What a reduction must not change. */
function verdictOf({ verdict, ended, violations, deadlocks }: Explored) {
  return { verdict, ended, violated: violations.map(({ law }) => law).sort(), deadlocks };
}

/** An agent at a phase, which continues with the next. */
function step(
  name: string,
  phase: Field,
  from: number,
  to: number,
): Action & Required<Pick<Action, "footprint">> {
  return {
    name,
    when: [has(phase, from)],
    effect: (state) => phase.set(state, to),
    footprint: { reads: [], writes: [phase] },
  };
}

const machineWith = (
  layout: Layout,
  actions: readonly Action[],
  more: Partial<PackedMachine> = {},
): PackedMachine => ({
  name: "small",
  words: layout.words,
  initial: (state) => state.fill(0),
  actions,
  invariants: [],
  ...more,
});

/** Agents that each take some steps of their own, and then a step that all share. */
function apart(agents: number, steps: number): PackedMachine {
  const layout = new Layout();
  const phases = layout.array("phase", { name: "agents", size: agents }, plain(steps + 2));
  const last = layout.field("last", plain(agents + 1));
  return machineWith(
    layout,
    phases.flatMap((phase, agent) => [
      ...Array.from({ length: steps }, (_none, at) => step(`${agent} steps from ${at}`, phase, at, at + 1)),
      {
        name: `${agent} ends`,
        when: [has(phase, steps)],
        effect: (state) => {
          phase.set(state, steps + 1);
          last.set(state, agent + 1);
        },
        footprint: { reads: [], writes: [phase, last] },
      },
    ]),
  );
}

describe("of agents that have nothing to do with each other", () => {
  test("only one takes its steps at a time, until they meet", () => {
    // Whole: 6 phases each; who was last, if any ended: 5^3, and of 6^3 - 5^3 the number of those that have ended.
    const whole = visited(apart(3, 4), WHOLE);
    expect(whole.states).toBe(125 + 3 * 25 * 1 + 3 * 5 * 2 + 3);
    // Reduced: 12 steps, and then who ends first, second and third.
    const reduced = visited(apart(3, 4), REDUCED);
    expect(reduced.states).toBe(12 + 1 + 3 + 6 + 3);
    expect(verdictOf(reduced)).toEqual(verdictOf(whole));
    expect(whole.deadlocks).toBe(3);
  });

  test("each sets its bit of one field in any order", () => {
    const layout = new Layout();
    const agents = { name: "agents", size: 4 };
    const phases = layout.array("phase", agents, plain(2));
    const seen = layout.field("seen", setOf(agents));
    const actions = phases.map((phase, agent) => {
      const plainly = step(`${agent}`, phase, 0, 1);
      return {
        ...plainly,
        effect: (state: Int32Array) => {
          plainly.effect(state);
          seen.set(state, seen.get(state) | (1 << agent));
        },
        footprint: { reads: [seen], writes: [phase, seen] },
      };
    });
    expect(visited(machineWith(layout, actions), WHOLE).states).toBe(16);
    expect(visited(machineWith(layout, actions), REDUCED).states).toBe(5);
  });
});

describe("a reduction", () => {
  // Whole against reduced; with new states alone counted as later ones; and with states merged as well.
  test.prop([drawn], { numRuns: quickly(400) })(
    "finds the same violations and dead ends in machines drawn at random",
    (all) => {
      const machine = machineOf(all);
      const whole = visited(machine, WHOLE);
      const reduced = visited(machine, REDUCED);
      expect(verdictOf(reduced)).toEqual(verdictOf(whole));
      expect(reduced.states).toBeLessThanOrEqual(whole.states);
      for (const { law, run } of reduced.violations) expect(confirmRun(machine, law, run)).toBe(true);
      const stricter = visited(machine, { ...REDUCED, isLater: (number) => number < 0 });
      expect(verdictOf(stricter)).toEqual(verdictOf(whole));
    },
  );

  test.prop([drawnAlike], { numRuns: quickly(100) })(
    "finds the same where states are merged by symmetry too",
    (all) => {
      const machine = machineOf(all);
      const merged = visited(machine, { symmetry: true });
      const both = visited(machine, { ...REDUCED, symmetry: true });
      expect(verdictOf(both)).toEqual(verdictOf(merged));
      expect(both.states).toBeLessThanOrEqual(merged.states);
      for (const { law, run } of both.violations) expect(confirmRun(machine, law, run)).toBe(true);
    },
  );

  test("needs no whole states in the table", () => {
    const machine = { ...apart(3, 4), words: 3 };
    const hashed = visited(machine, REDUCED, true);
    expect([hashed.exact, hashed.states]).toEqual([false, visited(machine, REDUCED).states]);
  });

  test("is named in the receipt, or the reason why there is none", () => {
    const reductionsOf = (machine: PackedMachine) => visitActions(machine, REDUCED).reductions;
    expect(reductionsOf(apart(2, 1))).toEqual([
      "partial order: of 4 actions, those that commute are not taken in every order (stubborn sets); runs are real, and need not be shortest",
    ]);
    expect(visitActions(apart(2, 1), WHOLE).reductions).toEqual([]);
    expect(reductionsOf(counter(3))).toEqual([
      "no partial order: add 1 does not say what it reads and writes",
    ]);
    const asking = { ...apart(2, 1), invariants: [{ id: "good", says: "It is good.", holds: () => true }] };
    expect(reductionsOf(asking)).toEqual(["no partial order: good does not say what it reads"]);
    expect(() => new StubbornSets(counter(3))).toThrow(
      "counter: add 1 does not say what it reads and writes",
    );
  });

  test("leaves a machine without footprints as it is", () => {
    expect(visited(counter(9), REDUCED).states).toBe(10);
  });
});

describe("a violation is missed", () => {
  const law = { id: "flag-down", says: "The flag is down." };
  const missing = (machine: PackedMachine, options: VisitOptions = REDUCED) => {
    const violated = (of: Explored) => of.violations.length;
    return [violated(visited(machine, WHOLE)), violated(visited(machine, options))];
  };

  test("where steps are delayed for ever", () => {
    const layout = new Layout();
    const [round, flag] = [layout.field("round", plain(2)), layout.field("flag", plain(2))];
    const actions = [step("to", round, 0, 1), step("fro", round, 1, 0), step("raise", flag, 0, 1)];
    const machine = machineWith(layout, actions, { invariants: [{ ...law, never: [[has(flag, 1)]] }] });
    expect(missing(machine)).toEqual([1, 1]);
    expect(missing(machine, { ...REDUCED, isLater: () => true })).toEqual([1, 0]);
  });

  test("where an action does not say what its assertion reads", () => {
    const layout = new Layout();
    const [phase, flag] = [layout.field("phase", plain(2)), layout.field("flag", plain(2))];
    const asking = (reads: readonly Field[]): Action => ({
      ...step("look", phase, 0, 1),
      asserts: [{ law, holds: (state) => flag.get(state) === 0 }],
      footprint: { reads, writes: [phase] },
    });
    const raise = step("raise", flag, 0, 1);
    expect(missing(machineWith(layout, [asking([flag]), raise]))).toEqual([1, 1]);
    expect(missing(machineWith(layout, [asking([]), raise]))).toEqual([1, 0]);
    expect(checkFootprints(machineWith(layout, [asking([flag]), raise]))).toEqual([]);
    expect(checkFootprints(machineWith(layout, [asking([]), raise]))).toEqual([
      "look depends on more than it says it reads",
    ]);
  });

  test("where an action does not say what it writes", () => {
    const layout = new Layout();
    const [phase, flag] = [layout.field("phase", plain(2)), layout.field("flag", plain(2))];
    const other = layout.field("other", plain(2));
    const raising = (writes: readonly Field[]): Action => ({
      name: "raise",
      when: [has(other, 0)],
      effect: (state) => {
        other.set(state, 1);
        flag.set(state, 1);
      },
      footprint: { reads: [], writes },
    });
    const look: Action = {
      ...step("look", phase, 0, 1),
      asserts: [{ law, holds: (state) => flag.get(state) === 0 }],
      footprint: { reads: [flag], writes: [phase] },
    };
    expect(missing(machineWith(layout, [look, raising([other, flag])]))).toEqual([1, 1]);
    const forgetful = machineWith(layout, [look, raising([other])]);
    expect(missing(forgetful)).toEqual([1, 0]);
    expect(checkFootprints(forgetful)).toEqual(["raise changes more than it says it writes"]);
  });

  test("where an invariant does not say what it reads", () => {
    const layout = new Layout();
    const [one, other] = [layout.field("one", plain(3)), layout.field("other", plain(3))];
    const actions = [one, other].flatMap((phase) => [
      step(`${phase.name} in`, phase, 0, 1),
      step(`${phase.name} out`, phase, 1, 2),
    ]);
    const asking = (reads: readonly Field[]) =>
      machineWith(layout, actions, {
        invariants: [{ ...law, holds: (state) => one.get(state) !== 1 || other.get(state) !== 1, reads }],
      });
    expect(missing(asking([one, other]))).toEqual([1, 1]);
    expect(missing(asking([]))).toEqual([1, 0]);
    expect(checkFootprints(asking([one, other]))).toEqual([]);
    expect(checkFootprints(asking([]))).toEqual([
      "one out restores flag-down",
      "other out restores flag-down",
    ]);
  });
});

describe("a violation is not missed", () => {
  const law = { id: "apart", says: "They are apart." };
  const found = (machine: PackedMachine) => visited(machine, REDUCED).violations.length;

  test("behind a guard that is false where another way is open", () => {
    const layout = new Layout();
    const [phase, flag] = [layout.field("phase", plain(3)), layout.field("flag", plain(2))];
    const other: Action = {
      ...step("other way", phase, 0, 2),
      guard: (state) => flag.get(state) === 1,
      footprint: { reads: [flag], writes: [phase] },
    };
    const actions = [step("one way", phase, 0, 1), other, step("raise", flag, 0, 1)];
    expect(found(machineWith(layout, actions, { invariants: [{ ...law, never: [[has(phase, 2)]] }] }))).toBe(
      1,
    );
  });

  test("where the one step taken first leads nowhere", () => {
    const layout = new Layout();
    const [one, other] = [layout.field("one", plain(2)), layout.field("other", plain(2))];
    const failing = (phase: Field) => ({
      ...step(phase.name, phase, 0, 1),
      asserts: [{ law: { id: phase.name, says: "It is not left." }, holds: () => false }],
    });
    expect(found(machineWith(layout, [failing(one), failing(other)]))).toBe(2);
  });

  test("where the actions that continue restore the invariant, and those that do not restore it loop", () => {
    const layout = new Layout();
    const [one, other] = [layout.field("one", plain(3)), layout.field("other", plain(4))];
    const actions = [
      step("in", one, 0, 1),
      step("stay", one, 1, 1),
      step("out", one, 1, 2),
      ...[1, 2, 3].map((to) => step(`other to ${to}`, other, 0, to)),
    ];
    expect(
      found(
        machineWith(layout, actions, { invariants: [{ ...law, never: [[has(one, 1), has(other, 1)]] }] }),
      ),
    ).toBe(1);
  });
});

describe("a footprint", () => {
  test.prop([fc.oneof(drawn, drawnAlike)], { numRuns: quickly(60) })(
    "is right in machines drawn at random",
    (all) => {
      expect(checkFootprints(machineOf(all))).toEqual([]);
    },
  );

  test("is wrong if the new value depends on an unnamed old value", () => {
    const layout = new Layout();
    const count = layout.field("count", plain(3));
    const add = (reads: readonly Field[]): PackedMachine =>
      machineWith(layout, [
        {
          name: "add",
          when: [],
          effect: (state) => count.set(state, (count.get(state) + 1) % 3),
          footprint: { reads, writes: [count] },
        },
      ]);
    expect(checkFootprints(add([count]))).toEqual([]);
    expect(checkFootprints(add([]))).toEqual(["add depends on more than it says it reads"]);
  });

  test("is not right if a value is written that its field does not have, or if there is none", () => {
    const layout = new Layout();
    const count = layout.field("count", plain(3));
    expect(checkFootprints(machineWith(layout, [step("add", count, 0, 3)]))).toEqual([
      "add writes what is no value of its field",
    ]);
    expect(checkFootprints(counter(3))).toEqual(["add 1 has no footprint", "add 2 has no footprint"]);
  });
});
