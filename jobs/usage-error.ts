/** Bad usage, said in one line with the nearest right word. */
import { distance } from "fastest-levenshtein";

/** Bad usage: its message is the one line a person sees. */
export class UsageError extends Error {}

/**
 * The value found for a word, or a UsageError that offers the nearest right one: by letters, unless what is known of the
 * word's place among the right ones says more.
 */
export function orNearest<T>(
  what: string,
  word: string,
  find: (word: string) => T | undefined,
  known: readonly string[],
  place: (word: string) => string | undefined = () => undefined,
): T {
  const found = find(word);
  if (found !== undefined) return found;
  const placed = place(word);
  if (placed !== undefined) throw new UsageError(`there is no ${what} ${JSON.stringify(word)}: ${placed}`);
  const near = [...known].sort((one, other) => distance(word, one) - distance(word, other));
  const [first] = near;
  const close = first !== undefined && distance(word, first) <= Math.floor(first.length / 3);
  throw new UsageError(
    `there is no ${what} ${JSON.stringify(word)}${close ? `; did you mean ${first}?` : `; there are ${someOf(known, near)}`}`,
  );
}

/** More words than these are not read in an error. */
const MOST_WORDS = 8;

/** All of a few words; of more, some of those nearest to the one that was typed. */
function someOf(known: readonly string[], near: readonly string[]): string {
  if (known.length <= MOST_WORDS) return known.join(", ");
  const some = near.slice(0, MOST_WORDS / 2);
  return `${some.join(", ")}, and ${known.length - some.length} more: see list`;
}

/** An option's whole number within bounds. Throws a UsageError otherwise. */
export function wholeNumber(option: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new UsageError(
      `${option} takes a whole number from ${least} to ${most}, not ${JSON.stringify(text)}`,
    );
  };
}
