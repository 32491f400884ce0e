/**
 * Laws of code that runs, in a process or compiled into this one, whatever it allocates. A model cannot violate them;
 * only trees and child processes are judged by them.
 */
import type { Law } from "./contract.ts";

/** What such a reply is, beside what a wing says of it. */
type AnyReply = { readonly kind: string };

export const noCrash: Law<unknown, unknown, AnyReply> = {
  id: "no-crash",
  says: "No legal call ends the process: no signal, no exit, no report of a sanitizer.",
  source: "docs/drive.md",
  holds(_before, _command, response) {
    return response.kind !== "crashed";
  },
};

export const answers: Law<unknown, unknown, AnyReply> = {
  id: "answers",
  says: "Every legal call is answered by the deadline.",
  source: "docs/drive.md",
  holds(_before, _command, response) {
    return response.kind !== "silent";
  },
};

export const PROCESS_LAWS: readonly Law<unknown, unknown, AnyReply>[] = [noCrash, answers];
