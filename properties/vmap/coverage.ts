/**
 * Random and exhaustive search compared: of a machine whose every state is known, the share of its states and edges
 * that random histories visit, and the actions that lead to those they miss.
 */

import { searchAtRandom } from "../../engine/run/random.ts";
import type { Explored } from "../../engine/search/visitable.ts";
import { type Command, recordOf } from "../../spec/vmap/commands.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import { choices, type Lengths, WEIGHTS } from "./choices.ts";
import type { VisitableKernel } from "./explorable-kernel.ts";
import { runChoices } from "./run-choices.ts";
import { fingerprintOfAreas } from "./state-fingerprint.ts";
import { benchFor } from "./test-bench.ts";
import { nameOf } from "./workload.ts";

/** One way to draw histories. */
export interface Drawing extends Lengths {
  readonly name: string;
  readonly histories: number;
}

export interface Coverage {
  readonly drawing: Drawing;
  readonly commands: number;
  /** Shares, from 0 to 1. */
  readonly states: number;
  readonly edges: number;
  /** By action that first leads there, how many states were missed: the most first. */
  readonly missed: readonly { readonly action: string; readonly states: number }[];
}

/** As `check` draws: histories of up to 60 choices. */
export function usualDrawing(histories: number): Drawing {
  return { name: "as check draws", histories, longest: 60 };
}

/** The usual drawing and others, each with the same number of choices in total. */
export function drawings(histories: number): readonly Drawing[] {
  const usual = usualDrawing(histories);
  return [
    usual,
    { ...usual, name: "a quarter as long, four times as many", longest: 15, histories: histories * 4 },
    {
      ...usual,
      name: "four times as long, a quarter as many",
      longest: 240,
      histories: Math.ceil(histories / 4),
    },
    { ...usual, name: "frees twice as often", weights: { ...WEIGHTS, free: WEIGHTS.free * 2 } },
    { ...usual, name: "purges four times as often", weights: { ...WEIGHTS, purge: WEIGHTS.purge * 4 } },
    {
      ...usual,
      name: "nothing but areas",
      weights: { ...WEIGHTS, pin: 0, unpin: 0, touch: 0, tlb: 0, unmapAliases: 0 },
    },
  ];
}

export interface CoverageRun<S> {
  readonly kernel: Kernel<S>;
  readonly scope: Scope;
  /** The machine, and the result of its exploration to the fixpoint. */
  readonly machine: VisitableKernel;
  readonly explored: Explored;
  readonly seed: number;
}

/** What a drawing visits. */
export function coverage<S>(
  { kernel, scope, machine, explored, seed }: CoverageRun<S>,
  drawing: Drawing,
): Coverage {
  const { reached } = explored;
  const actions = machine.actions.length;
  const form = fingerprintOfAreas(kernel, scope);
  const words = new Int32Array(form.words);
  const numberOf = (state: S): number => {
    form.write({ state }, words, 0);
    return reached.find(words);
  };
  const actionOf = new Map(machine.commands.map((command, action) => [keyOf(command), action]));
  const visited = new Uint8Array(explored.states);
  const taken = new Uint8Array(explored.states * actions);
  visited[0] = 1;
  let commands = 0;
  let here = 0;
  const watcher = {
    played: ({ command }: { readonly command: Command | undefined }, state: S) => {
      commands += 1;
      const from = here;
      here = numberOf(state);
      const action = command && actionOf.get(keyOf(command));
      if (from >= 0 && action !== undefined) taken[from * actions + action] = 1;
      if (here >= 0) visited[here] = 1;
    },
    violated: () => "continue" as const,
  };
  const setting = benchFor(kernel, scope);
  searchAtRandom({
    drawn: choices(scope, drawing),
    attempt: (drawn) => {
      here = 0;
      runChoices(setting, drawn, watcher);
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

/** A command as the machine's actions have it. */
function keyOf(command: Command): string {
  return nameOf(recordOf(command).amongAreas(command));
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
