/** A run of commands, as an explorer takes them, as an ordinary history, whose steps name what earlier ones got. */
import type { Bench, Terms } from "../spec/wing.ts";

/**
 * The history whose commands, run on this kernel, are these. Throws a RangeError if a command names what no earlier
 * one got.
 */
export function historyOf<T extends Terms>(
  { machine, naming, scope }: Bench<T>,
  commands: readonly T["command"][],
  run: readonly number[],
): readonly T["step"][] {
  const state = machine.initial(scope);
  const names = naming.begin();
  return run.map((action, index) => {
    const command = commands[action] as T["command"];
    const step = naming.named(names, command);
    if (step === undefined)
      throw new RangeError(`${JSON.stringify(command)} names what no earlier command got`);
    naming.note(names, index, step, machine.act(state, command));
    return step;
  });
}
