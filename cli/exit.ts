/** Exit codes of a run. */

export const AS_EXPECTED = 0;
export const UNEXPECTED = 1;
export const BAD_INPUT = 2;
/** The reader of the output has closed its pipe (`| head`): as of a program that SIGPIPE ends. */
export const UNREAD = 141;
/** Ended by Ctrl-C, after printing what was found so far. */
export const INTERRUPTED = 130;
