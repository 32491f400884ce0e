/** The shortest history of a violation that callers of some kinds can make in a small space. */

import { replay } from "../../engine/run/stepper.ts";
import { explore } from "../../engine/search/explore.ts";
import type { Bounds, Explored } from "../../engine/search/visitable.ts";
import type { LawId } from "../../spec/contract.ts";
import type { Call } from "../../spec/vmap/commands/command.ts";
import type { HistoryStep } from "../../spec/vmap/history.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import { historyOf } from "../history-of.ts";
import { explorableKernel, type Seen } from "./explorable-kernel.ts";
import { benchFor, type JudgedStep } from "./test-bench.ts";

/** A law violated on this kernel in a wanted way: by one bug, and not by another. */
export interface Sought<S> {
  readonly kernel: Kernel<S>;
  readonly law: LawId;
  meant(seen: Seen): boolean;
}

export interface Shortest {
  readonly explored: Explored;
  /** Undefined if no violation was found: then there is none, if the exploration reached its fixpoint. */
  readonly history: readonly HistoryStep[] | undefined;
}

/**
 * Explores level by level, past other violations as well, until the law is violated as wanted. Throws an Error if the
 * reference does not confirm it.
 */
export function shortest<S>(
  sought: Sought<S>,
  { scope, calls }: { readonly scope: Scope; readonly calls: readonly Call[] },
  bounds: Bounds,
): Shortest {
  const { kernel, law } = sought;
  const machine = explorableKernel(kernel, scope, {
    reduced: true,
    calls,
    beyondViolations: true,
    counts: (violated, seen) => violated === law && sought.meant(seen),
  });
  const explored = explore(machine, { bounds });
  const run = explored.violations[0]?.run;
  if (run === undefined) return { explored, history: undefined };
  const history = historyOf(benchFor(kernel, scope), machine.commands, run);
  confirmViolation(sought, scope, history);
  return { explored, history };
}

/** Throws an Error unless the reference also sees the wanted violation, by the last command. */
export function confirmViolation<S>(sought: Sought<S>, scope: Scope, history: readonly HistoryStep[]): void {
  const { kernel, law } = sought;
  const last = replay(benchFor(kernel, scope), history, law).at(-1);
  if (last?.index === history.length - 1 && isViolated(sought, last)) return;
  throw new Error(
    `vmapcheck itself is wrong: the explorer says that ${kernel.name} violates ${law} at the end of ` +
      `${JSON.stringify(history)}, and the reference does not`,
  );
}

function isViolated<S>({ law, meant }: Sought<S>, step: JudgedStep): boolean {
  const { before, command, response, after, violated } = step;
  if (command === undefined || response === undefined) return false;
  return violated.some(({ id }) => id === law) && meant({ before, command, response, after, violated });
}
