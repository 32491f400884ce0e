/** Bad usage, reported in one line with the nearest right word. */
import { closest, distance } from "fastest-levenshtein";

/** Bad usage: its message is the one line a person sees. */
export class UsageError extends Error {}

/**
 * The value found for a word, or a UsageError that offers the nearest right one: by letters, unless the caller has a
 * better hint.
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

/** The most letters of a list that fit on the line. */
const MOST_LETTERS = 60;

function someOf(known: readonly string[]): string {
  let letters = 0;
  const shown = known.filter((word) => {
    letters += word.length + 2;
    return letters <= MOST_LETTERS;
  });
  if (shown.length === known.length) return known.join(", ");
  return `${shown.join(", ")}, and ${known.length - shown.length} more: see list`;
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
