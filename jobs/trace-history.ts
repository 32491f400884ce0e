/** A recorded trace as a history: what its commands free or map is named by the commands that got it. */

import { InputError } from "../adapters/input-error.ts";
import type { HistoryFile, Kernel, OpenWing, RecordedTrace, Terms } from "../spec/wing.ts";
import { type ChoiceOptions, chooseTrace } from "./recorded.ts";

/**
 * The trace on this line of a recording, or else the first that violates the law, or any, as a history to be run on a
 * kernel. The recording is judged by its own promises, or by that kernel's if it has none.
 */
export async function historyOfTrace<T extends Terms>(
  wing: OpenWing<T>,
  file: string,
  kernel: Kernel<T>,
  options: Pick<ChoiceOptions, "trace" | "law">,
): Promise<HistoryFile<T>> {
  const chosen = await chooseTrace(wing, file, { ...options, fallback: kernel.name });
  if ("traces" in chosen)
    throw new InputError(
      `${file}: no trace in it violates ${options.law ?? "a law"}: --trace LINE names one`,
    );
  const { trace, law } = chosen;
  const commands = translate(wing, kernel, trace);
  const history = { kernel: kernel.name, scope: wing.files.scopeOf(trace, commands), commands };
  return law === undefined ? history : { ...history, law };
}

/** A touch of what was never allocated faults and has no effect: it is left out. */
export function translate<T extends Terms>(
  wing: OpenWing<T>,
  kernel: Kernel<T>,
  { exchanges, scope }: RecordedTrace<T>,
): T["step"][] {
  const { naming } = wing.bench(kernel, scope);
  const names = naming.begin();
  const steps: T["step"][] = [];
  for (const { command, response } of exchanges) {
    const step = naming.named(names, command);
    if (step === undefined) continue;
    naming.note(names, steps.length, step, response);
    steps.push(step);
  }
  return steps;
}
