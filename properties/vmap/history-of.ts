/** A run of commands, which name areas by their addresses, as an ordinary history, which names them by index. */
import { type Command, type HistoryStep, recordOf } from "../../spec/vmap/commands.ts";
import { naming } from "../../spec/vmap/history.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import type { Scope } from "../../spec/vmap/scope.ts";

/**
 * The history whose commands, run on this kernel, are these. Throws a RangeError if a command names what no earlier
 * one got.
 */
export function historyOf<S>(
  commands: readonly Command[],
  run: readonly number[],
  kernel: Kernel<S>,
  scope: Scope,
): readonly HistoryStep[] {
  const state = kernel.initial(scope);
  const ledger = naming.begin();
  return run.map((action, index) => {
    const command = commands[action] as Command;
    const step = recordOf(command).named(command, ledger);
    if (step === undefined)
      throw new RangeError(`${JSON.stringify(command)} names what no earlier command got`);
    naming.note(ledger, index, step, kernel.act(state, command));
    return step;
  });
}
