/** Random numbers from a seed, and draws from a fast-check arbitrary until something is found or a limit is reached. */
import fc from "fast-check";

interface RandomSearch<Drawn, Found> {
  readonly drawn: fc.Arbitrary<Drawn>;
  /** Tries one value; a result ends the search. */
  attempt(drawn: Drawn): Found | undefined;
  readonly seed: number;
  readonly runs: number;
}

interface RandomResult<Found> {
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
  const { numRuns, failed, errorInstance } = fc.check(property, { seed, numRuns: runs, endOnFailure: true });
  // What an attempt throws is no failure of the property.
  if (failed && found === undefined) throw errorInstance;
  return { found, runs: numRuns };
}

/** A small generator of random numbers, determined by its seed (xorshift32, Marsaglia 2003). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed * 2654435761 + 1) | 0 || 1;
  }

  /** A whole number in [0, bound). */
  below(bound: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) % bound;
  }
}
