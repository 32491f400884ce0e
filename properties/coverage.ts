/**
 * Random and exhaustive search compared: of a machine whose every state is known, the share of its states and edges
 * that random histories visit, and the actions that lead to those they miss.
 */

import { searchAtRandom } from "../engine/run/random.ts";
import type { Explored } from "../engine/search/visitable.ts";
import type { Drawing, Kernel, Search, Terms } from "../spec/wing.ts";
import type { Explorable } from "./explorable.ts";
import { type PlayedOf, runChoices } from "./run-choices.ts";

export interface Coverage {
  readonly drawing: Drawing;
  readonly commands: number;
  /** Shares, from 0 to 1. */
  readonly states: number;
  readonly edges: number;
  /** By action that first leads there, how many states were missed: the most first. */
  readonly missed: readonly { readonly action: string; readonly states: number }[];
}

export interface CoverageRun<T extends Terms> {
  readonly of: Pick<Search<T>, "histories" | "spaces">;
  readonly kernel: Kernel<T>;
  readonly place: T["place"];
  /** The machine, and the result of its exploration to the fixpoint. */
  readonly machine: Explorable<T>;
  readonly explored: Explored;
  readonly seed: number;
}

/** What a drawing visits. */
export function coverage<T extends Terms>(
  { of: { histories, spaces }, kernel, place, machine, explored, seed }: CoverageRun<T>,
  drawing: Drawing,
): Coverage {
  const { reached } = explored;
  const { scope } = place;
  const actions = machine.actions.length;
  const work = spaces.workload(kernel, place, { merged: true, beyondViolations: false });
  const keyOf = (command: T["command"]) => work.nameOf(work.asGiven(command));
  const words = new Int32Array(work.form.words);
  const numberOf = (state: unknown, world: T["world"]): number => {
    work.form.write({ state, world }, words, 0);
    return reached.find(words);
  };
  const actionOf = new Map(machine.commands.map((command, action) => [keyOf(command), action]));
  const visited = new Uint8Array(explored.states);
  const taken = new Uint8Array(explored.states * actions);
  visited[0] = 1;
  let commands = 0;
  let here = 0;
  const watcher = {
    played: ({ command, before, after = before }: PlayedOf<T>, state: unknown) => {
      commands += 1;
      const from = here;
      here = numberOf(state, after);
      const action = command && actionOf.get(keyOf(command));
      if (from >= 0 && action !== undefined) taken[from * actions + action] = 1;
      if (here >= 0) visited[here] = 1;
    },
    violated: () => "continue" as const,
  };
  const bench = histories.bench(kernel, scope);
  searchAtRandom({
    drawn: histories.choices(scope, drawing),
    attempt: (drawn) => {
      here = 0;
      runChoices(bench, drawn, watcher);
      return undefined;
    },
    seed,
    runs: drawing.histories,
  });
  return {
    drawing,
    commands,
    states: sum(visited) / explored.states,
    edges: sum(taken) / explored.edges,
    missed: missedStates(machine.actions, explored, visited),
  };
}

function sum(bits: Uint8Array): number {
  let count = 0;
  for (const bit of bits) count += bit;
  return count;
}

function missedStates(
  actions: readonly string[],
  { reached, states }: Explored,
  visited: Uint8Array,
): Coverage["missed"] {
  const counts = new Map<string, number>();
  for (let state = 1; state < states; state++) {
    if (visited[state] === 1) continue;
    const name = actions[reached.actions[state] as number] as string;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts]
    .map(([action, count]) => ({ action, states: count }))
    .sort((a, b) => b.states - a.states);
}
