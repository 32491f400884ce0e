import { describe, expect, test } from "vitest";
import { BOUNDS } from "../../engine/bounds.testing.ts";
import { explore } from "../../engine/search/explore.ts";
import type { Explored } from "../../engine/search/visitable.ts";
import { parametersOf } from "../../jobs/parameters.ts";
import { prepare, subjectNamed } from "../../jobs/subject.ts";
import { type Census, readCensus } from "./census.ts";

const census = await readCensus();
for (const { machine } of census) await prepare(machine);

/** Every state of a machine of the census, as `explore` visits them. */
function visit({ machine, scope, symmetry }: Census): Explored {
  const subject = subjectNamed(machine);
  const opened = subject.open(parametersOf(subject, scope), {
    merged: symmetry === "on",
    orders: "all",
  });
  return explore(opened.machine, { bounds: BOUNDS, enough: () => false });
}

function broken({ violations }: Explored): Record<string, number> {
  return Object.fromEntries(violations.map(({ law, run }) => [law, run.length]));
}

describe("every state of", () => {
  test.each(census.filter((entry) => entry.in === "test"))(
    "$machine, $scope, symmetry $symmetry",
    (entry) => {
      const result = visit(entry);
      const { states, edges, depth } = result;
      expect({ ended: result.ended, states, edges, depth, broken: broken(result) }).toEqual({
        ended: "fixpoint",
        states: entry.states,
        edges: entry.edges,
        depth: entry.depth,
        broken: entry.broken,
      });
    },
  );
});

describe("the census", () => {
  test("has each machine and scope once", () => {
    const names = census.map(({ machine, scope, symmetry }) => `${machine} ${scope} ${symmetry}`);
    expect(new Set(names).size).toBe(names.length);
  });

  test("names only machines and scopes that can be explored", () => {
    for (const { machine, scope } of census) {
      const subject = subjectNamed(machine);
      expect(() => subject.open(parametersOf(subject, scope), { merged: true, orders: "all" })).not.toThrow();
    }
  });

  /** Merging states must change neither which laws are violated nor how soon. */
  const pairs = census.flatMap((merged) =>
    census
      .filter((each) => each.symmetry === "off" && merged.symmetry === "on")
      .filter((each) => each.machine === merged.machine && each.scope === merged.scope)
      .map((unmerged) => ({ merged, unmerged })),
  );
  test.each(pairs)(
    "the census has one verdict of $merged.machine, $merged.scope, merged and not",
    ({ merged, unmerged }) => {
      expect(merged.broken).toEqual(unmerged.broken);
      expect(merged.states).toBeLessThan(unmerged.states);
    },
  );
});
