/** A swarm finds what is planted, visits all of what is small, and estimates how much there is of the rest. */
import { describe, expect, test } from "vitest";
import { explore } from "./explore.ts";
import { type Given, machineOf } from "./parallel.testing.ts";
import { coverageOf, type SwarmOptions, type SwarmSearch, swarming } from "./swarm.ts";

const BOUNDS = { states: 1e6, depth: 1000, every: 1, enough: () => false };

function searched(given: Given, options: Partial<SwarmOptions>): SwarmSearch {
  const turns = swarming(machineOf(given), { seed: 1, ...BOUNDS, ...options });
  for (;;) {
    const { done, value } = turns.next(false);
    if (done) return value;
  }
}

const RING: Given = { name: "ring", numbers: [14, 7] };
const LIVE: Given = { name: "live ring", numbers: [12, 6] };

describe("a search of a swarm", () => {
  test.each([RING, LIVE])("without bounds visits every state of %j", (given) => {
    const all = explore(machineOf(given), { bounds: { states: 1e6, bytes: 1e9 } });
    const { states, edges, ended } = searched(given, {});
    expect({ states, edges, ended }).toEqual({ states: all.states, edges: all.edges, ended: "fixpoint" });
  });

  test.each(["ring", "live ring"] as const)(
    "of a %s finds a planted violation, by a run that is real",
    (name) => {
      // Forbidden is a state in the middle.
      const { violations } = searched({ name, numbers: [10, 5, 3] }, { enough: () => true });
      const shortest = explore(machineOf({ name, numbers: [10, 5, 3] }), {
        bounds: { states: 1e6, bytes: 1e9 },
      });
      expect(violations.map(({ law }) => law)).toEqual(shortest.violations.map(({ law }) => law));
      expect(violations[0]?.run.length).toBeGreaterThanOrEqual(shortest.violations[0]?.run.length ?? 0);
    },
  );

  test("finds nothing where nothing is planted", () => {
    expect(searched(RING, {}).violations).toEqual([]);
  });

  test("is the same for one seed, and another for another", () => {
    const sample = (seed: number) => searched(RING, { seed, states: 300 }).sample;
    expect(sample(7)).toEqual(sample(7));
    expect(sample(7)).not.toEqual(sample(8));
  });

  test("takes no longer runs than its bound, and does not claim all states then", () => {
    const { depth, ended } = searched(RING, { depth: 5 });
    expect([depth, ended]).toEqual([5, "states"]);
  });
});

describe("the estimate of several searches", () => {
  test.each([
    [RING, 1, 1200],
    [RING, 4, 1200],
    [LIVE, 1, 400],
  ])("of %j is near the true number, with one state in %i of %i in the sample", (given, every, states) => {
    const { states: all } = explore(machineOf(given), { bounds: { states: 1e6, bytes: 1e9 } });
    expect(states).toBeLessThan(all / 2);
    const samples = Array.from(
      { length: 10 },
      (_none, seed) => searched(given, { seed, states, every, depth: 60 }).sample,
    );
    const { estimate, found } = coverageOf(samples, every);
    expect(Math.abs(estimate / all - 1)).toBeLessThan(0.15);
    expect(estimate).toBeGreaterThanOrEqual(found);
  });

  test("is what was found where all found the same, and far more where each found its own", () => {
    const same = [1, 2, 3, 4].map(() => [1, 2, 3, 4, 5]);
    expect(coverageOf(same, 8)).toEqual({ searches: 4, found: 40, once: 0, estimate: 40 });
    const own = [0, 1, 2, 3].map((nth) => [1, 2, 3, 4, 5].map((each) => 10 * nth + each));
    expect(coverageOf(own, 1).estimate).toBeGreaterThan(5 * coverageOf(own, 1).found);
  });
});
