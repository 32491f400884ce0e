/** Histories played once, so that the parts of playing them can be timed by themselves. */

import { runChoices } from "../properties/run-choices.ts";
import type { Choice } from "../properties/vmap/choices.ts";
import type { TestBench } from "../properties/vmap/test-bench.ts";
import { judge } from "../spec/contract.ts";
import type { Command, Response } from "../spec/vmap/commands.ts";

/** Plays a history to its end, past all violations; returns how many commands were judged. */
export function playAll<S>(setting: TestBench<S>, choices: readonly Choice[]): number {
  let commands = 0;
  runChoices(setting, choices, {
    played: () => {
      commands += 1;
    },
    violated: () => "continue",
  });
  return commands;
}

export class Recorded<S> {
  readonly #setting: TestBench<S>;
  readonly #histories: { readonly command: Command; readonly response: Response }[][] = [];

  constructor(setting: TestBench<S>, drawn: readonly (readonly Choice[])[]) {
    this.#setting = setting;
    for (const choices of drawn) {
      const history: { command: Command; response: Response }[] = [];
      runChoices(setting, choices, {
        played: ({ command, response }) => {
          if (command !== undefined && response !== undefined) history.push({ command, response });
        },
        violated: () => "continue",
      });
      this.#histories.push(history);
    }
  }

  /** The kernel alone carries out the commands; returns how many. */
  act(): number {
    const { machine, scope } = this.#setting;
    let commands = 0;
    for (const history of this.#histories) {
      const state = machine.initial(scope);
      for (const { command } of history) machine.act(state, command);
      commands += history.length;
    }
    return commands;
  }

  /** The world follows the replies and the laws judge them, without the kernel; returns how many. */
  judge(): number {
    const { spec, laws, scope } = this.#setting;
    let commands = 0;
    for (const history of this.#histories) {
      let world = spec.initial(scope);
      for (const { command, response } of history) {
        world = judge(spec, laws, world, command, response).world ?? world;
      }
      commands += history.length;
    }
    return commands;
  }
}
