/** Draws from a fast-check arbitrary until something is found or a limit is reached. */
import fc from "fast-check";

export interface RandomSearch<Drawn, Found> {
  readonly drawn: fc.Arbitrary<Drawn>;
  /** Tries one value; a result ends the search. */
  attempt(drawn: Drawn): Found | undefined;
  readonly seed: number;
  readonly runs: number;
}

export interface RandomResult<Found> {
  readonly found: Found | undefined;
  readonly runs: number;
}

/** fast-check makes the values and their bias; shrinking is left to shrink.ts, which is faster on records. */
export function searchAtRandom<Drawn, Found>(search: RandomSearch<Drawn, Found>): RandomResult<Found> {
  const { drawn, attempt, seed, runs } = search;
  let found: Found | undefined;
  const property = fc.property(drawn, (value) => {
    found = attempt(value);
    return found === undefined;
  });
  const { numRuns } = fc.check(property, { seed, numRuns: runs, endOnFailure: true });
  return { found, runs: numRuns };
}
