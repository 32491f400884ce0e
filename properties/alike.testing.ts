/** Compares states that look alike to an explorer with one another, action by action. */
import { serialize } from "node:v8";
import { ENDS } from "../engine/batch.ts";
import { DISABLED, type LiveMachine } from "../engine/live.ts";
import type { State } from "../kernels/state.ts";
import type { Command, Response } from "../spec/commands.ts";
import type { Kernel } from "../spec/kernel.ts";
import type { Scope } from "../spec/scope.ts";
import { commandsOf } from "./callers.ts";
import type { Both } from "./hashed-form.ts";
import { liveKernel, type SideBySide } from "./side-by-side.ts";

export interface Compared {
  /** The first two replies that differ, as text; undefined if none do. */
  readonly difference: string | undefined;
  readonly states: number;
  readonly forms: number;
}

/** So many different states of one form are compared, and gone on from. */
const ALIKE = 3;

/**
 * Visits so many states, and compares each with the first of its form: by what a reply says, what it breaks and what
 * form it leads to.
 */
export function compareAlike(
  kernel: Kernel<State>,
  scope: Scope,
  options: SideBySide,
  most: number,
): Compared {
  const heard = new Hearing(kernel, scope, options);
  const { machine, commands } = heard;
  const known = new Map<string, readonly string[]>();
  const met = new Map<string, number>();
  const concrete = new Set<string>();
  const queue: Both<State>[] = [machine.initial()];
  const after = machine.initial();
  for (let head = 0; head < queue.length && head < most; head++) {
    const both = queue[head] as Both<State>;
    const own = heard.form(both);
    machine.assign(after, both);
    const replies = commands.map((_command, action) => {
      const { reply, follows } = heard.take(after, action);
      if (reply === "") return reply;
      const form = follows ? heard.form(after) : "";
      const alike = met.get(form) ?? 0;
      if (alike < ALIKE && follows) {
        const key = serialize(after.state).toString("latin1");
        if (!concrete.has(key)) {
          concrete.add(key);
          met.set(form, alike + 1);
          queue.push(machine.copy(after));
        }
      }
      machine.assign(after, both);
      return `${reply} then ${form}`;
    });
    const first = known.get(own) ?? replies;
    known.set(own, first);
    const at = replies.findIndex((reply, nth) => reply !== first[nth]);
    if (at >= 0) {
      const difference = `${JSON.stringify(commands[at])}: ${first[at]}, or ${replies[at]}`;
      return { difference, states: head, forms: known.size };
    }
  }
  return { difference: undefined, states: Math.min(most, queue.length), forms: known.size };
}

/** The machine an explorer visits, and what its kernel replied last. */
class Hearing {
  readonly machine: LiveMachine<Both<State>>;
  readonly commands: readonly Command[];
  readonly #words: Int32Array;
  #last = "";

  constructor(kernel: Kernel<State>, scope: Scope, options: SideBySide) {
    const heard: Kernel<State> = {
      ...kernel,
      act: (state, command) => {
        const response = kernel.act(state, command);
        this.#last = shown(response);
        return response;
      },
    };
    this.machine = liveKernel(heard, scope, options);
    this.commands = commandsOf(scope, options.calls, options.beyondBreaks);
    this.#words = new Int32Array(this.machine.words);
  }

  form(both: Both<State>): string {
    this.machine.form(both, this.#words, 0);
    return this.#words.join();
  }

  /** Takes an action in place: what was answered, and what that broke; nothing where it cannot be taken. */
  take(both: Both<State>, action: number): { readonly reply: string; readonly follows: boolean } {
    const outcome = this.machine.take(both, action);
    if (outcome === DISABLED) return { reply: "", follows: false };
    return { reply: `${this.#last} breaks ${outcome}`, follows: (outcome & ENDS) === 0 };
  }
}

/** What a caller sees of a reply, but for which frame is which; how many pages are lazy a law compares. */
function shown(response: Response): string {
  const { flushes, pteSet, pteCleared, usedAfterFree, dirtyLines } = response;
  const result: unknown[] = [response.kind];
  if (response.kind === "placed") result.push(response.start, response.mapStopped);
  if (response.kind === "reached") result.push(response.hit, response.frame === null);
  if (response.kind === "pinned") result.push(response.swept, response.ptes);
  if (response.kind === "done" && response.aliases !== undefined) {
    const { staleTlb, deadTlb, deadPtes } = response.aliases;
    const where = [staleTlb, deadTlb].map((all) => all.map(({ cpu, page }) => [cpu, page]));
    result.push(where, deadPtes);
  }
  return JSON.stringify([result, flushes, pteSet, pteCleared, usedAfterFree, dirtyLines]);
}
