/** Several threads find what one finds. */
import { describe, expect, test } from "vitest";
import { BOUNDS } from "../bounds.testing.ts";
import { explore } from "./explore.ts";
import { type Given, machineOf, sourceOf } from "./parallel.testing.ts";
import { exploringTogether, type Grain, type ParallelOptions } from "./parallel.ts";
import type { Explored, ExploreOptions } from "./visitable.ts";

const FREELY: ExploreOptions = { bounds: BOUNDS, enough: () => false };
/** All threads meet at every state. */
const FINEST: Grain = { taken: 1, narrow: 0 };

async function together(given: Given, options: Partial<ParallelOptions> = {}): Promise<Explored> {
  const turns = exploringTogether(machineOf(given), sourceOf(given), {
    ...FREELY,
    workers: 2,
    grain: FINEST,
    ...options,
  });
  for (;;) {
    const { done, value } = await turns.next(false);
    if (done) return value;
  }
}

const counted = ({
  states,
  edges,
  depth,
  deadlocks,
  fired,
  ended,
  verdict,
  violations,
  witnesses,
}: Explored) => ({
  states,
  edges,
  depth,
  deadlocks,
  fired: [...fired],
  ended,
  verdict,
  violations: Object.fromEntries(violations.map(({ law, run }) => [law, run.length])),
  witnesses: [...witnesses],
});

/** Every state but the first was reached from one of the level before, by the action noted. */
function expectShortest({ reached, states, depth }: Explored): void {
  const depths = [0];
  for (let number = 1; number < states; number++) {
    const parent = reached.parents[number] as number;
    expect(parent).toBeLessThan(number);
    depths.push((depths[parent] as number) + 1);
  }
  expect(depths.toSorted((a, b) => a - b)).toEqual(depths);
  expect(depths.at(-1)).toBe(depth);
}

describe("several threads find what one finds:", () => {
  // Cut to single states, to some, or not at all: a level that is narrow is visited by one thread.
  test.each<[Given["name"], readonly number[], number, Grain]>([
    ["ring", [16, 8], 2, FINEST],
    ["ring", [14, 7], 3, { taken: 50, narrow: 3000 }],
    ["pairs of words", [14, 7], 2, FINEST],
    ["wide ring", [14, 7], 2, { taken: 4096, narrow: 1e9 }],
    ["counter", [200, 117], 2, FINEST],
    ["live ring", [12, 6, 9], 2, FINEST],
    ["a ring that is watched", [12, 5], 2, { taken: 16, narrow: 0 }],
  ])("%s %j, %i threads, %j", async (name, numbers, workers, grain) => {
    const given = { name, numbers };
    const alone = explore(machineOf(given), FREELY);
    const result = await together(given, { workers, grain });
    expect(counted(result)).toEqual(counted(alone));
    expectShortest(result);
  });

  test("where slots grow in the middle of levels", async () => {
    const given: Given = { name: "ring", numbers: [20, 10] };
    const result = await together(given, { grain: { taken: 512, narrow: 2000 } });
    expect(counted(result)).toEqual(counted(explore(machineOf(given), FREELY)));
    // every state once, and found under its own number
    const form = new Int32Array(1);
    for (let number = 0; number < result.states; number += 97) {
      result.reached.read(number, form);
      expect(result.reached.find(form)).toBe(number);
    }
  });
});

describe("a violation", () => {
  test("ends the search at the end of its level, by a run as short as one thread's", async () => {
    const given: Given = { name: "ring", numbers: [14, 5, 9] };
    const first = { enough: () => true };
    const alone = explore(machineOf(given), { ...FREELY, ...first });
    for (const grain of [FINEST, { taken: 4096, narrow: 1e9 }]) {
      const result = await together(given, { ...first, grain });
      expect([result.verdict, result.ended]).toEqual(["broken", "break"]);
      expect(counted(result).violations).toEqual(counted(alone).violations);
      expect(result.depth).toBe(alone.violations[0]?.run.length);
      expect(result.states).toBeGreaterThanOrEqual(alone.states);
    }
  });
});

describe("an exploration by two threads", () => {
  const large: Given = { name: "ring", numbers: [22, 11] };
  const usual = { grain: { taken: 512, narrow: 2000 } };

  test("ends at a bound of memory, with the states that fit", async () => {
    const bytes = 3_000_000;
    const result = await together(large, { ...usual, bounds: { ...BOUNDS, bytes } });
    expect(result.ended).toBe("memory");
    expect(result.states).toBeGreaterThan(50_000);
    expect(result.bytes).toBeLessThanOrEqual(bytes);
  });

  test("ends when it is asked to, with what it has", async () => {
    const turns = exploringTogether(machineOf(large), sourceOf(large), {
      ...FREELY,
      workers: 2,
      grain: FINEST,
    });
    await turns.next(false);
    const { done, value } = await turns.next(true);
    expect([done, value]).toMatchObject([true, { ended: "request", verdict: "bounded" }]);
  });

  test.each<[Given["name"], string]>([
    ["a machine that throws", "no such state"],
    ["a machine that ends its thread", "a thread ended by itself, with exit code 7"],
  ])("ends with the error of a thread: %s", async (name, message) => {
    await expect(together({ name, numbers: [] })).rejects.toThrow(message);
  });

  test("ends with the error of a thread that cannot build its machine, or builds another", async () => {
    const machine = machineOf({ name: "ring", numbers: [5, 2] });
    const startWith = (given: Given) =>
      exploringTogether(machine, sourceOf(given), { ...FREELY, workers: 2 }).next(false);
    await expect(startWith({ name: "a machine that is never built", numbers: [] })).rejects.toThrow(
      "no such machine",
    );
    await expect(startWith({ name: "ring", numbers: [6, 2] })).rejects.toThrow(
      "ring: a thread built another machine from what it was given",
    );
  });
});
