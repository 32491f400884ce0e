/** How much tests do: by visited states and runs, never by time, so no verdict depends on a machine's speed. */
import type { Bounds } from "./search/visitable.ts";

/** `npm run test:all`; `npm test` leaves out the long tests, and draws fewer runs in others. */
export const IS_WHOLE: boolean = process.env.VMAPCHECK_TESTS === "all";

/** Of this many runs in the whole suite, those of `npm test`: a quarter. */
export function quickly(runs: number): number {
  return IS_WHOLE ? runs : Math.ceil(runs / 4);
}

export const BOUNDS: Bounds = { states: 1e7, bytes: 1e9 };
