/** A hunt at the step grain ends on request, with its findings so far. */
import { describe, expect, test } from "vitest";
import type { InterleavedBug } from "../counterexamples/interleaved.ts";
import { interleavedCalled } from "../counterexamples/interleavings.ts";
import { hunt } from "./hunt.ts";
import { type Explored, huntingInterleaved } from "./hunt-interleaved.ts";
import { replay } from "./replay.ts";

const C13 = interleavedCalled("C13") as InterleavedBug;

/** Ends after this many turns. */
function hunted(turns: number): readonly Explored[] {
  const work = huntingInterleaved(C13);
  for (let turn = 0; ; turn++) {
    const { done, value } = work.next(turn >= turns);
    if (done) return value;
  }
}

test("a hunt finds every law that the bug violates", () => {
  const found = hunted(Number.POSITIVE_INFINITY);
  expect(found.map(({ law }) => law)).toEqual(C13.violations.map(({ law }) => law));
  expect(found.filter(({ steps }) => steps === undefined)).toEqual([]);
});

test("a hunt that ends at once reports nothing on laws that it did not reach", () => {
  expect(hunted(0)).toEqual([]);
});

describe("a bug that violates one law on two machines", () => {
  const twice = interleavedCalled("mutex-taken-while-atomic") as InterleavedBug;

  test("is there", () => {
    expect(new Set(twice.violations.map(({ law }) => law)).size).toBe(1);
    expect(twice.violations).toHaveLength(2);
  });

  test.each(twice.violations)("is replayed by the run that is pinned on $protocol", async ({ protocol }) => {
    const replayed = await replay(twice.id, { kernel: protocol });
    expect(replayed).toMatchObject({ accepted: false, interleaving: { protocol } });
  });

  test("leaves nothing untried when both are hunted", async () => {
    expect(await hunt({ bugs: [twice.id], seed: 1 })).toMatchObject({ untried: 0 });
  });
});
