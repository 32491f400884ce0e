/** The shortest history of a break that callers of some kinds can make in a small space. */

import { replay } from "../../engine/run/stepper.ts";
import { type Bounds, type Explored, explore } from "../../engine/search/explore.ts";
import type { LawId } from "../../spec/contract.ts";
import type { Call } from "../../spec/vmap/commands/command.ts";
import type { HistoryStep } from "../../spec/vmap/history.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import { type Seen, sideBySide } from "./explorable-kernel.ts";
import { historyOf } from "./history-of.ts";
import { settingFor, type VmapPlayed } from "./test-bench.ts";

/** A law broken on this kernel in a way that is meant: by one bug, and not by another. */
export interface Sought<S> {
  readonly kernel: Kernel<S>;
  readonly law: LawId;
  meant(seen: Seen): boolean;
}

export interface Shortest {
  readonly explored: Explored;
  /** Undefined if the break was not met: nowhere at all, where the exploration came to its fixpoint. */
  readonly history: readonly HistoryStep[] | undefined;
}

/**
 * Explores level by level, behind other breaks as well, until the law is broken as meant. Throws an Error
 * if the reference does not confirm what was found.
 */
export function shortest<S>(
  sought: Sought<S>,
  { scope, calls }: { readonly scope: Scope; readonly calls: readonly Call[] },
  bounds: Bounds,
): Shortest {
  const { kernel, law } = sought;
  const machine = sideBySide(kernel, scope, {
    reduced: true,
    calls,
    beyondBreaks: true,
    counts: (broken, seen) => broken === law && sought.meant(seen),
  });
  const explored = explore(machine, { bounds });
  const run = explored.breaks[0]?.run;
  if (run === undefined) return { explored, history: undefined };
  const history = historyOf(machine.commands, run, kernel, scope);
  confirmBreak(sought, scope, history);
  return { explored, history };
}

/** Throws an Error unless the reference, too, sees the law broken as meant, and by the last command. */
export function confirmBreak<S>(sought: Sought<S>, scope: Scope, history: readonly HistoryStep[]): void {
  const { kernel, law } = sought;
  const last = replay(settingFor(kernel, scope), history, law).at(-1);
  if (last?.index === history.length - 1 && isBroken(sought, last)) return;
  throw new Error(
    `vmapcheck itself is wrong: the explorer says that ${kernel.name} breaks ${law} at the end of ` +
      `${JSON.stringify(history)}, and the reference does not`,
  );
}

function isBroken<S>({ law, meant }: Sought<S>, step: VmapPlayed): boolean {
  const { before, command, response, after, broken } = step;
  if (command === undefined || response === undefined) return false;
  return broken.some(({ id }) => id === law) && meant({ before, command, response, after, broken });
}
