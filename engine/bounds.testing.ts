/** Bounds of explorations in tests: by visited states, never by time, so no verdict depends on a machine's speed. */
import type { Bounds } from "./search/visitable.ts";

export const BOUNDS: Bounds = { states: 1e7, bytes: 1e9 };
