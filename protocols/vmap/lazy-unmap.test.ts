import { describe, expect, test } from "vitest";
import { confirmRun, visitActions } from "../../engine/actions.ts";
import { BOUNDS } from "../../engine/bounds.testing.ts";
import { explore } from "../../engine/search/explore.ts";
import type { Explored, ShortestViolation } from "../../engine/search/visitable.ts";
import { type LazyUnmapScope, lazyUnmap, lazyUnmapRules } from "./lazy-unmap.ts";

const run = (scope: LazyUnmapScope, symmetry: boolean, rules = lazyUnmapRules): Explored =>
  explore(visitActions(lazyUnmap(scope, rules), { symmetry }), { bounds: BOUNDS });

/**
 * States and transitions, equal to the counts of Spin (bench/spin.ts) and five other programs; and states up to
 * permutation.
 */
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

  function firstViolation(symmetry: boolean, rules: typeof lazyUnmapRules) {
    const { law, run: actions } = run(scope, symmetry, rules).violations[0] as ShortestViolation;
    const names = lazyUnmap(scope, rules).actions.map(({ name }) => name);
    const isConfirmedBy = (others: typeof lazyUnmapRules) =>
      confirmRun(lazyUnmap(scope, others), law, actions);
    return { law, history: actions.map((action) => names[action]), isConfirmedBy };
  }

  test.each([false, true])(
    "violates its law if a purge does not wait for the flushes (symmetry %s)",
    (symmetry) => {
      const { law, history, isConfirmedBy } = firstViolation(symmetry, {
        ...lazyUnmapRules,
        waitsForFlushes: false,
      });
      expect(law).toBe("free-is-unmapped");
      expect(history).toHaveLength(5);
      expect(history.at(-1)).toBe("end purge");
      expect(isConfirmedBy({ ...lazyUnmapRules, waitsForFlushes: false })).toBe(true);
      expect(isConfirmedBy(lazyUnmapRules)).toBe(false);
    },
  );

  test.each([false, true])(
    "violates its law if unmapping aliases purges nothing (symmetry %s)",
    (symmetry) => {
      const { law, history, isConfirmedBy } = firstViolation(symmetry, {
        ...lazyUnmapRules,
        purgesAliases: false,
      });
      expect(law).toBe("pin");
      expect(history).toHaveLength(5);
      expect(isConfirmedBy({ ...lazyUnmapRules, purgesAliases: false })).toBe(true);
    },
  );
});
