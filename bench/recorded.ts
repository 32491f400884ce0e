/** Histories played once, so that the parts of playing them can be timed by themselves. */

import { runChoices } from "../properties/run-choices.ts";
import { judge } from "../spec/contract.ts";
import type { Bench, Terms } from "../spec/wing.ts";

/** Plays a history to its end, past all violations; returns how many commands were judged. */
export function playAll<T extends Terms>(setting: Bench<T>, choices: readonly T["choice"][]): number {
  let commands = 0;
  runChoices(setting, choices, {
    played: () => {
      commands += 1;
    },
    violated: () => "continue",
  });
  return commands;
}

interface Pair<T extends Terms> {
  readonly command: T["command"];
  readonly response: T["response"];
}

export class Recorded<T extends Terms> {
  readonly #setting: Bench<T>;
  readonly #histories: Pair<T>[][] = [];

  constructor(setting: Bench<T>, drawn: readonly (readonly T["choice"][])[]) {
    this.#setting = setting;
    for (const choices of drawn) {
      const history: Pair<T>[] = [];
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
