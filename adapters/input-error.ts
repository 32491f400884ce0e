/** Bad input from outside: what was wrong, where, and what would be right, in one line. Exit code 2. */
export class InputError extends Error {
  /** The file that it is about. */
  readonly file: string | undefined;

  constructor(message: string, file?: string) {
    super(message);
    this.file = file;
  }
}

/** The error for this place in a file; `line` counts from 1. */
export function inputError(file: string, line: number | undefined, what: string): InputError {
  const says = oneLine(what).replaceAll(/\s+/g, " ").slice(0, 400);
  return new InputError(`${file}${line === undefined ? "" : `:${line}`}: ${says}`, file);
}

/** Why the system refused to read a file, in words. */
export function whyUnread({ code, message }: NodeJS.ErrnoException): string {
  if (code === "ENOENT" || code === "ENOTDIR") return "there is no such file";
  if (code === "EACCES" || code === "EPERM") return "cannot be read: permission denied";
  return `cannot be read: ${message}`;
}

/** Text that a terminal shows as one line, whatever a file had in it: no line ends, no escapes. */
export const oneLine = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ");
