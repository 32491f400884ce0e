import { describe, expect, test } from "vitest";
import { isEnabled, visitActions } from "../engine/actions.ts";
import { type Explored, explore } from "../engine/explore.ts";
import { type LazyUnmapScope, lazyUnmap, lazyUnmapRules } from "./lazy-unmap.ts";

const bounds = { states: 1e7, milliseconds: 120_000, bytes: 2e9 };
const run = (scope: LazyUnmapScope, symmetry: boolean, rules = lazyUnmapRules): Explored =>
  explore(visitActions(lazyUnmap(scope, rules), { symmetry }), { bounds });

/** States and transitions as Spin and five other programs count them; states up to permuting (lazy-unmap-protocol.md). */
const CENSUS: readonly [scope: LazyUnmapScope, states: number, edges: number, orbits: number][] = [
  [{ V: 2, F: 2, C: 2 }, 4772, 17_777, 788],
  [{ V: 3, F: 2, C: 2 }, 80_288, 385_945, 4547],
  [{ V: 3, F: 2, C: 3 }, 878_052, 5_492_461, 18_194],
];

describe("the lazy-unmap protocol", () => {
  test.each(CENSUS)("%j has the states and transitions counted elsewhere", (scope, states, edges, orbits) => {
    const exact = run(scope, false);
    expect([exact.verdict, exact.states, exact.edges]).toEqual(["holds", states, edges]);
    const reduced = run(scope, true);
    expect([reduced.verdict, reduced.states, reduced.depth]).toEqual(["holds", orbits, exact.depth]);
    expect(exact.fired).not.toContain(0);
  });

  const scope = { V: 2, F: 2, C: 2 };

  /** Whether each of these actions was enabled in its turn. */
  function canBeRun(history: readonly string[], rules: typeof lazyUnmapRules): boolean {
    const machine = lazyUnmap(scope, rules);
    const state = new Int32Array(machine.words);
    machine.initial(state);
    return history.every((name) => {
      const action = machine.actions.find((each) => each.name === name);
      const enabled = action !== undefined && isEnabled(action, state);
      if (enabled) action?.effect(state);
      return enabled;
    });
  }

  function firstBreak(symmetry: boolean, rules: typeof lazyUnmapRules) {
    const names = lazyUnmap(scope, rules).actions.map(({ name }) => name);
    const { law, run: actions } = run(scope, symmetry, rules).breaks[0] as {
      law: string;
      run: readonly number[];
    };
    return { law, history: actions.map((action) => names[action] as string) };
  }

  test.each([false, true])("breaks if a purge does not wait for the flushes (symmetry %s)", (symmetry) => {
    const { law, history } = firstBreak(symmetry, { ...lazyUnmapRules, waitsForFlushes: false });
    expect(law).toBe("free-is-unmapped");
    expect(history).toHaveLength(5);
    expect(history.at(-1)).toBe("end purge");
    expect(canBeRun(history, { ...lazyUnmapRules, waitsForFlushes: false })).toBe(true);
    expect(canBeRun(history, lazyUnmapRules)).toBe(false);
  });

  test.each([false, true])("breaks if unmapping aliases purges nothing (symmetry %s)", (symmetry) => {
    const { law, history } = firstBreak(symmetry, { ...lazyUnmapRules, purgesAliases: false });
    expect(law).toBe("pin");
    expect(history).toHaveLength(5);
    expect(canBeRun(history, { ...lazyUnmapRules, purgesAliases: false })).toBe(true);
  });
});
