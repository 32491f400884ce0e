/** Bad usage, said in one line with the nearest right word. */
import { closest, distance } from "fastest-levenshtein";

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
  const near = closest(word, [...known]);
  const close = near !== undefined && distance(word, near) <= Math.floor(near.length / 3);
  throw new UsageError(
    `there is no ${what} ${JSON.stringify(word)}${close ? `; did you mean ${near}?` : `; there are ${someOf(known)}`}`,
  );
}

/** More words than these do not fit a line. */
const MOST_WORDS = 40;

function someOf(known: readonly string[]): string {
  if (known.length <= MOST_WORDS) return known.join(", ");
  return `${known.slice(0, MOST_WORDS).join(", ")}, and ${known.length - MOST_WORDS} more: see list`;
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
