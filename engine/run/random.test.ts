/** A search at random: what it finds, and what it does not hide. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { searchAtRandom } from "./random.ts";

const search = (attempt: (drawn: number) => string | undefined) =>
  searchAtRandom({ drawn: fc.nat({ max: 9 }), attempt, seed: 1, runs: 200 });

test("ends with the first that is found, and says how many were drawn", () => {
  const drawn: number[] = [];
  const { found, runs } = search((value) => {
    drawn.push(value);
    return value === 7 ? "seven" : undefined;
  });
  expect({ found, runs, last: drawn.at(-1) }).toEqual({ found: "seven", runs: drawn.length, last: 7 });
  expect(search(() => undefined)).toEqual({ found: undefined, runs: 200 });
});

test("throws what an attempt throws: a search that could not be made has not found nothing", () => {
  const attempt = (value: number) => {
    if (value === 7) throw new RangeError("it cannot be asked");
    return undefined;
  };
  expect(() => search(attempt)).toThrow(new RangeError("it cannot be asked"));
});
