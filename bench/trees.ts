/**
 * A compiled tree beside our model of its release: random judged commands, steps of an exploration with the reference
 * and without it, and what it costs to keep a state and to go back to it.
 *
 *   npx tsx bench/trees.ts ~/linux
 */
import { searchAtRandom } from "../engine/run/random.ts";
import { explore } from "../engine/search/explore.ts";
import { openTree } from "../jobs/trees/trees.ts";
import { vmapSpec } from "../model/vmap/vmap-spec.ts";
import { type Choice, choices } from "../properties/vmap/choices.ts";
import { explorableKernel } from "../properties/vmap/explorable-kernel.ts";
import { scopeCalled } from "../properties/vmap/random-scopes.ts";
import { MIDDLE, spaceScope } from "../properties/vmap/small-scopes.ts";
import { benchFor } from "../properties/vmap/test-bench.ts";
import { commandsTo, isEnabled } from "../properties/vmap/workload.ts";
import { Fingerprint } from "../spec/fingerprint.ts";
import { AREA_CALLS } from "../spec/vmap/commands/command.ts";
import type { Command } from "../spec/vmap/commands.ts";
import type { Kernel } from "../spec/vmap/kernel.ts";
import type { Scope } from "../spec/vmap/scope.ts";
import { kernelNamed } from "./kernel.ts";
import { printTable, times, whole } from "./print.ts";
import { type Contestant, race, ratio, type Speeds, speed } from "./race.ts";
import { playAll } from "./recorded.ts";

const HISTORIES = 100;
const ROUNDS = 5;
const LENGTH = 60;
/** Pages of a space whose every state takes a second. */
const SPACE = spaceScope({ pages: 5, sizes: 5, aligns: 2, windows: 2, at: MIDDLE });
const BOUNDS = { states: 600, bytes: 1e9 };

function drawnIn(scope: Scope): readonly (readonly Choice[])[] {
  const drawn: (readonly Choice[])[] = [];
  const attempt = (each: readonly Choice[]) => {
    drawn.push(each);
    return undefined;
  };
  searchAtRandom({
    drawn: choices(scope, { shortest: LENGTH, longest: LENGTH }),
    attempt,
    seed: 1,
    runs: HISTORIES,
  });
  return drawn;
}

function atRandom<S>(kernel: Kernel<S>, scope: Scope): number {
  const setting = benchFor(kernel, scope);
  return drawnIn(scope).reduce((sum, each) => sum + playAll(setting, each), 0);
}

const explored = (kernel: Kernel): number =>
  explore(explorableKernel(kernel, SPACE, { reduced: true }), { bounds: BOUNDS, enough: () => false }).edges;

/** States of the space, a few commands from the first, each with what can be asked of it. */
function statesOf<S>(
  kernel: Kernel<S>,
): readonly { readonly state: S; readonly enabled: readonly Command[] }[] {
  const spec = vmapSpec(kernel.release);
  const commands = commandsTo(kernel.release, SPACE, AREA_CALLS, false);
  const found = [{ state: kernel.initial(SPACE), world: spec.initial(SPACE) }];
  for (let at = 0; at < found.length && found.length < BOUNDS.states; at++) {
    const { state, world } = found[at] as (typeof found)[number];
    for (const command of commands) {
      if (!isEnabled(world, command)) continue;
      const [after, response] = kernel.step(state, command);
      const next = spec.after(world, command, response);
      if (next !== undefined) found.push({ state: after, world: next });
    }
  }
  return found.map(({ state, world }) => ({
    state,
    enabled: commands.filter((command) => isEnabled(world, command)),
  }));
}

/** What an explorer does with a kernel, and nothing else: back to the state, a command, the fingerprint. */
function stepper<S>(kernel: Kernel<S>): () => number {
  const all = statesOf(kernel);
  const work = kernel.copy((all[0] as (typeof all)[number]).state);
  const { add } = kernel.identity(SPACE, { pin: false, areasAlone: true });
  const print = new Fingerprint();
  const words = new Int32Array(4);
  return () => {
    let steps = 0;
    for (const { state, enabled } of all) {
      for (const command of enabled) {
        kernel.assign(work, state);
        kernel.act(work, command);
        print.begin();
        add(work, print);
        print.write(words, 0);
        steps += 1;
      }
    }
    return steps;
  };
}

/** A command, and what it came to is kept in a state of its own. */
function keeper<S>(kernel: Kernel<S>): () => number {
  const all = statesOf(kernel);
  return () => {
    let steps = 0;
    for (const { state, enabled } of all) {
      for (const command of enabled) {
        kernel.step(state, command);
        steps += 1;
      }
    }
    return steps;
  };
}

const WORK: readonly { readonly name: string; make(kernel: Kernel): () => number }[] = [
  ...["desk", "blocks", "pools"].map((name) => ({
    name: `random, judged, ${name}: commands`,
    make: (kernel: Kernel) => () => atRandom(kernel, scopeCalled(name) as Scope),
  })),
  { name: "explore, with the reference: steps", make: (kernel) => () => explored(kernel) },
  { name: "explore, without it: steps", make: stepper },
  { name: "a step that is kept: steps", make: keeper },
];

function compared(tree: Kernel, model: Kernel): string[][] {
  return WORK.map(({ name, make }) => {
    const contestants: Contestant[] = [
      { name: "tree", run: make(tree) },
      { name: "model", run: make(model) },
    ];
    const speeds: Speeds = race(contestants, ROUNDS);
    return [
      name,
      whole(speed(speeds, "tree")),
      whole(speed(speeds, "model")),
      times(ratio(speeds, "tree", "model")),
    ];
  });
}

const [directory] = process.argv.slice(2);
if (directory === undefined) {
  console.error("bench/trees.ts: expected the directory of a kernel tree");
  process.exitCode = 2;
} else {
  const { kernel, as } = openTree(directory, undefined);
  console.log(
    `${kernel.name} and our ${as}, a second. Wanted: judged at least 0.5, explored at least 0.33.\n`,
  );
  printTable(["", "tree", "model", "tree/model"], compared(kernel, kernelNamed(as)));
}
