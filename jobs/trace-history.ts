/** A recorded trace as a history: addresses become the commands that requested them. */

import { InputError } from "../adapters/input-error.ts";
import type { HistoryFile } from "../adapters/vmap/history-file.ts";
import { askedFor } from "../adapters/vmap/history-file.ts";
import type { Trace } from "../adapters/vmap/recording.ts";
import { recordOf } from "../spec/vmap/commands.ts";
import { type HistoryStep, naming } from "../spec/vmap/history.ts";
import { type ChoiceOptions, chooseTrace } from "./recorded.ts";

/**
 * The trace on this line of a recording, or else the first that violates the law, or any, as a history to be run on a
 * kernel. The recording is judged by its own promises, or by that kernel's if it has none.
 */
export async function historyOfTrace(
  file: string,
  kernel: string,
  options: Pick<ChoiceOptions, "trace" | "law">,
): Promise<HistoryFile> {
  const chosen = await chooseTrace(file, { ...options, fallback: kernel });
  if ("traces" in chosen)
    throw new InputError(
      `${file}: no trace in it violates ${options.law ?? "a law"}: --trace LINE names one`,
    );
  const { trace, law } = chosen;
  const commands = translate(trace);
  const history = { kernel, scope: { ...trace.scope, ...askedFor(commands) }, commands };
  return law === undefined ? history : { ...history, law };
}

/** A touch of what was never allocated faults and has no effect: it is left out. */
export function translate(trace: Trace): HistoryStep[] {
  const ledger = naming.begin();
  const steps: HistoryStep[] = [];
  for (const { command, response } of trace.exchanges) {
    const step = recordOf(command).named(command, ledger);
    if (step === undefined) continue;
    naming.note(ledger, steps.length, step, response);
    steps.push(step);
  }
  return steps;
}
