/** A hunt at the step grain ends on request, with its findings so far. */
import { expect, test } from "vitest";
import type { InterleavedBug } from "../counterexamples/interleaved.ts";
import { interleavedCalled } from "../counterexamples/interleavings.ts";
import { type Explored, huntingInterleaved } from "./hunt-interleaved.ts";

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
