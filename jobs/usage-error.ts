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
  const near = nearest(word, known);
  throw new UsageError(
    `there is no ${what} ${JSON.stringify(word)}; ${near.length > 0 ? `did you mean ${eitherOf(near)}?` : `there are ${someOf(known)}`}`,
  );
}

const MOST_MEANT = 4;

/** The word that differs in few letters; else those that end so, or contain its parts; else those that begin alike. */
function nearest(word: string, known: readonly string[]): readonly string[] {
  const near = known.length === 0 ? undefined : closest(word, [...known]);
  if (near !== undefined && distance(word, near) <= Math.floor(near.length / 3)) return [near];
  const parts = word.toLowerCase().split("-");
  // A number of the catalogue: the letter says which part of it.
  const isNumber = /^[a-z]\d+$/i.test(word);
  const [head = ""] = isNumber ? [word.slice(0, 1).toLowerCase()] : parts;
  const candidates = [
    known.filter((each) => each.endsWith(`-${word.toLowerCase()}`)),
    known.filter((each) => parts.every((part) => part.length > 1 && each.includes(part))),
    known.filter((each) => each.startsWith(isNumber ? head.toUpperCase() : `${head}-`)),
  ];
  const found = candidates.find(({ length }) => length > 0) ?? [];
  return found.toSorted((a, b) => distance(word, a) - distance(word, b)).slice(0, MOST_MEANT);
}

function eitherOf(words: readonly string[]): string {
  return words.length === 1 ? `${words[0]}` : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

/** A list is named whole up to so few words, and else as far as this many letters go. */
const FEW = 8;
const MOST_LETTERS = 60;

function someOf(known: readonly string[]): string {
  if (known.length <= FEW) return known.join(", ");
  let letters = 0;
  const shown = known.filter((word) => {
    letters += word.length + 2;
    return letters <= MOST_LETTERS;
  });
  if (shown.length === known.length) return known.join(", ");
  return `${shown.join(", ")}, and ${known.length - shown.length} more: list names them`;
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
