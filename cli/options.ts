/** Options that several verbs take. */
import { wholeNumber } from "../jobs/usage-error.ts";

export const LARGEST_SEED = 2 ** 31 - 1;
export const JSON_OPTION = ["--json", "print one JSON document on stdout", false] as const;
export const SEED_OPTION = [
  "--seed <number>",
  "seed of everything drawn at random",
  wholeNumber("--seed", 0, LARGEST_SEED),
] as const;
/** Every verb takes a seed, so that a script may give it to all; these draw nothing. */
export const UNUSED_SEED_OPTION = [
  "--seed <number>",
  "accepted by every verb; nothing is drawn at random here",
  SEED_OPTION[2],
] as const;
export const AS_OPTION = [
  "--as <label>",
  "judge by the promises of this release, not of the recorded one",
] as const;
export const TRACE_OPTION = [
  "--trace <line>",
  "take this line of a recording; unless given, the first that violates a law",
  wholeNumber("--trace", 1, 2 ** 31),
] as const;

/** Of random histories. */
export const MOST_RUNS = 10_000_000;
