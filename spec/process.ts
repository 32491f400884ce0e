/**
 * Laws of code that runs, in a process or compiled into this one, whatever it allocates. A model cannot violate them;
 * only trees and child processes are judged by them.
 */
import type { Law } from "./contract.ts";

/** What such a reply is, beside what a wing says of it. */
type AnyReply = {
  readonly kind: string;
  readonly failing?: FailedAllocation | undefined;
  readonly leaked?: number | undefined;
};

/** What goes wrong where an allocation of memory fails in a call: the first that does, as tried on copies. */
export interface FailedAllocation {
  /** Which of the call's, from 1. */
  readonly allocation: number;
  /** It does not return; it is refused, and leaves something; it succeeds, and has not done all. */
  readonly wrong: "stops" | "leaves" | "succeeds";
  readonly text: string;
}

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

export const failureIsReported: Law<unknown, unknown, AnyReply> = {
  id: "failure-is-reported",
  says: "A call in which an allocation of memory fails returns, and either is refused or has done all that it does otherwise.",
  source: "docs/trees.md",
  holds(_before, _command, { failing }) {
    return failing === undefined || failing.wrong === "leaves";
  },
};

export const failureLeavesNothing: Law<unknown, unknown, AnyReply> = {
  id: "failure-leaves-nothing",
  says: "A call that is refused as an allocation of memory failed leaves areas, PTEs, blocks and memory as without it, once purged.",
  source: "docs/trees.md",
  holds(_before, _command, { failing }) {
    return failing?.wrong !== "leaves";
  },
};

export const memoryIsFreed: Law<unknown, unknown, AnyReply> = {
  id: "memory-is-freed",
  says: "Once the last area and block are released, a purge leaves no more memory allocated than there was at first.",
  source: "docs/trees.md",
  holds(_before, _command, { leaked }) {
    return leaked === undefined;
  },
};

/** Asked of code whose allocations are counted and can be made to fail: commands are tried on copies, so that takes long. */
export const MEMORY_LAWS: readonly Law<unknown, unknown, AnyReply>[] = [
  failureIsReported,
  failureLeavesNothing,
  memoryIsFreed,
];
