/** Bad input from outside: what was wrong, where, and what would be right, in one line. Exit code 2. */
export class InputError extends Error {}

/** The error for this place in a file; `line` counts from 1. */
export function inputError(file: string, line: number | undefined, what: string): InputError {
  const oneLine = what.replaceAll(/\s+/g, " ").slice(0, 400);
  return new InputError(`${file}${line === undefined ? "" : `:${line}`}: ${oneLine}`);
}
