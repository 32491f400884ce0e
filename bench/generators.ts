/**
 * Why commands are drawn by an arbitrary of our own (properties/vmap/choices.ts) and shrunk as plain steps
 * (engine/run/shrink.ts), and not by fc.commands, which is written out fairly below. Compared are
 *
 *   1. how long histories really are when up to 100 commands are asked for;
 *   2. how many histories and how much time it takes to find each of four bugs, how long to shrink it, and to
 *      how many commands: medians over those of thirty seeds with which it was found. `shortest` is the length
 *      of the history pinned with the bug.
 *
 * fc.commands is run at its default size, which keeps histories short whatever their maximum, and at size
 * "max". All three take turns on one seed after another.
 *
 *   npx tsx bench/generators.ts
 */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { bugCalled } from "../counterexamples/vmap/index.ts";
import { searchAtRandom } from "../engine/run/random.ts";
import { shrink } from "../engine/run/shrink.ts";
import { begin, replay, type Stepper } from "../engine/run/stepper.ts";
import type { State } from "../kernels/vmap/state.ts";
import type { ImmutableWorld } from "../model/vmap/world.ts";
import { runChoices } from "../properties/run-choices.ts";
import { type Choice, choice, choices } from "../properties/vmap/choices.ts";
import { scopeCalled } from "../properties/vmap/random-scopes.ts";
import { resolveChoice } from "../properties/vmap/resolve-choice.ts";
import { benchFor, type JudgedStep, type TestBench } from "../properties/vmap/test-bench.ts";
import type { LawId } from "../spec/contract.ts";
import type { Command, Response } from "../spec/vmap/commands.ts";
import { type HistoryStep, naming, simpler } from "../spec/vmap/history.ts";
import type { Ledger } from "../spec/vmap/ledger.ts";
import type { Scope } from "../spec/vmap/scope.ts";
import { kernelNamed } from "./kernel.ts";
import { printTable, whole } from "./print.ts";
import { median } from "./race.ts";

// The same histories as an ordinary fast-check model: a command class with a precondition, fc.commands to draw and
// shrink, fc.modelRun to run. It uses as much of our code as it can: the same choices with the same weights, resolved
// against the world as ours are, so a free picks an area that is live and a command that cannot be meant here fails its
// `check`. What it lacks is what is compared: histories that keep to a window (choices.ts) and a length that is asked
// for, and shrinking over plain steps (engine/run/shrink.ts).

/** The reference, and what its callers hold. */
interface Model {
  readonly ledger: Ledger;
  readonly history: HistoryStep[];
  world: ImmutableWorld;
  /** The kernel stopped: nothing can be asked any more. */
  ended: boolean;
}

/** The kernel, its judge, and the listener to its verdicts. */
interface Real<S> {
  readonly stepper: Stepper<S, ImmutableWorld, Ledger, HistoryStep, Command, Response>;
  heard(played: JudgedStep): void;
}

class Ask<S> implements fc.Command<Model, Real<S>> {
  readonly choice: Choice;
  constructor(choice: Choice) {
    this.choice = choice;
  }
  check({ world, ledger, history, ended }: Readonly<Model>): boolean {
    return !ended && resolveChoice(this.choice, world, ledger, history) !== undefined;
  }
  run(model: Model, { stepper, heard }: Real<S>): void {
    const step = resolveChoice(this.choice, model.world, model.ledger, model.history) as HistoryStep;
    const played = stepper.take(step);
    model.history.push(step);
    model.world = stepper.world();
    model.ended = played.after === undefined;
    heard(played);
  }
  toString(): string {
    return JSON.stringify(this.choice);
  }
}

/** Histories of up to this many commands; by default with fast-check's own size. */
function commandsFor<S>(setting: TestBench<S>, maxCommands: number, size?: fc.SizeForArbitrary) {
  const ask = choice(setting.scope).map((each) => new Ask<S>(each));
  return fc.commands<Model, Real<S>>([ask], size === undefined ? { maxCommands } : { maxCommands, size });
}

/** Runs one drawn history. What `heard` throws fails it. */
function runCommands<S>(
  setting: TestBench<S>,
  drawn: Iterable<fc.Command<Model, Real<S>>>,
  heard: (played: JudgedStep) => void,
): void {
  const stepper = begin(setting);
  const model = { ledger: stepper.names, history: [], world: stepper.world(), ended: false };
  fc.modelRun(() => ({ model, real: { stepper, heard } }), drawn);
}

const MAX_COMMANDS = 100;
const SEEDS = 30;
/** Histories after which a search gives up. */
const RUNS = 2_000;
const HISTORIES = 400;
const desk = scopeCalled("desk") as Scope;

/** Each bug, the law it violates, and the release that has it, unless a changed kernel does. */
const BUGS: readonly { readonly bug: string; readonly law: LawId; readonly release?: string }[] = [
  { bug: "cache-exact-hole-missed", law: "lowest-fit", release: "3.16" },
  { bug: "va-gap-offbyone", law: "lowest-fit" },
  { bug: "cache-free-leaves-it", law: "lowest-fit" },
  { bug: "cache-draft-align-bugon", law: "no-bug", release: "piggin-draft-3" },
];

/** One search for one bug, and its result. */
interface Hunted {
  readonly runs: number;
  readonly findMs: number;
  readonly shrinkMs: number;
  /** Commands left. */
  readonly length: number;
}

interface Target {
  readonly setting: TestBench<State>;
  readonly law: LawId;
}

interface Generator {
  readonly name: string;
  /** Draws histories and returns how many commands each really came to. */
  lengths(setting: TestBench<State>): number[];
  /** Undefined if it was not found. */
  hunt(target: Target, seed: number): Hunted | undefined;
}

const ours: Generator = {
  name: "ours",
  lengths(setting) {
    const lengths: number[] = [];
    searchAtRandom({
      drawn: choices(setting.scope, { longest: MAX_COMMANDS }),
      attempt: (drawn) => {
        lengths.push(runChoices(setting, drawn, { violated: () => "continue" }).history.length);
        return undefined;
      },
      seed: 1,
      runs: HISTORIES,
    });
    return lengths;
  },
  hunt({ setting, law }, seed) {
    const began = performance.now();
    const { found, runs } = searchAtRandom({
      drawn: choices(setting.scope, { longest: MAX_COMMANDS }),
      attempt: (drawn) => {
        const { history, failed } = runChoices(setting, drawn, {
          violated: (step) => (violates(step, law) ? "fail" : "continue"),
        });
        return failed && history;
      },
      seed,
      runs: RUNS,
    });
    if (found === undefined) return undefined;
    const foundAt = performance.now();
    const shrunk = shrink<HistoryStep>(found, {
      fails: (candidate) => {
        const last = replay(setting, candidate, law).at(-1);
        return last !== undefined && violates(last, law);
      },
      without: naming.without,
      simpler: (step) => simpler(step, setting.scope),
    });
    return { runs, findMs: foundAt - began, shrinkMs: performance.now() - foundAt, length: shrunk.length };
  },
};

function fastCheck(name: string, size?: fc.SizeForArbitrary): Generator {
  return {
    name,
    lengths(setting) {
      const lengths: number[] = [];
      const property = fc.property(commandsFor(setting, MAX_COMMANDS, size), (drawn) => {
        let length = 0;
        runCommands(setting, drawn, () => {
          length += 1;
        });
        lengths.push(length);
      });
      fc.check(property, { seed: 1, numRuns: HISTORIES });
      return lengths;
    },
    hunt({ setting, law }, seed) {
      const began = performance.now();
      let runs = 0;
      let foundAt: number | undefined;
      let length = 0;
      const property = fc.property(commandsFor(setting, MAX_COMMANDS, size), (drawn) => {
        if (foundAt === undefined) runs += 1;
        runCommands(setting, drawn, (played) => {
          if (!violates(played, law)) return;
          foundAt ??= performance.now();
          // Only failures are shrunk further, so the last one noted is the smallest.
          length = played.index + 1;
          throw new Error(law);
        });
      });
      fc.check(property, { seed, numRuns: RUNS });
      if (foundAt === undefined) return undefined;
      return { runs, findMs: foundAt - began, shrinkMs: performance.now() - foundAt, length };
    },
  };
}

function violates(played: JudgedStep, law: LawId): boolean {
  return played.violated.some(({ id }) => id === law);
}

/** Commands in the history pinned with a bug. */
function pinned(bug: string, law: LawId): number {
  const file = new URL(`../counterexamples/vmap/${bug}/${law}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")).commands.length;
}

const GENERATORS = [ours, fastCheck("fc.commands"), fastCheck('fc.commands, size "max"', "max")];

console.log(`Commands really run in a history of up to ${MAX_COMMANDS} (2.6.39, scope desk).\n`);
printTable(
  ["generator", "mean", "median", "longest"],
  GENERATORS.map((generator) => {
    const lengths = generator.lengths(benchFor(kernelNamed("2.6.39"), desk));
    const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
    return [generator.name, mean.toFixed(1), whole(median(lengths)), whole(Math.max(...lengths))];
  }),
);

const rows: string[][] = [];
for (const { bug, law, release } of BUGS) {
  const kernel = release === undefined ? bugCalled(bug)?.changed : kernelNamed(release);
  if (kernel === undefined) throw new RangeError(`no kernel has ${bug}`);
  const target = { setting: benchFor(kernel, desk), law };
  const hunted = GENERATORS.map((): Hunted[] => []);
  for (let seed = 0; seed <= SEEDS; seed++) {
    for (const [nth, generator] of GENERATORS.entries()) {
      const result = generator.hunt(target, seed);
      // Seed 0 is for the compiler.
      if (seed > 0 && result !== undefined) hunted[nth]?.push(result);
    }
  }
  for (const [nth, { name }] of GENERATORS.entries()) {
    const results = hunted[nth] as Hunted[];
    const middle = (of: (result: Hunted) => number) => median(results.map(of));
    rows.push([
      bug,
      name,
      `${results.length}/${SEEDS}`,
      whole(middle(({ runs }) => runs)),
      middle(({ findMs }) => findMs).toFixed(1),
      middle(({ shrinkMs }) => shrinkMs).toFixed(1),
      `${middle(({ length }) => length)} (to ${Math.max(...results.map(({ length }) => length))})`,
      whole(pinned(bug, law)),
    ]);
  }
}
console.log(`\nFinding and shrinking, medians over ${SEEDS} seeds.\n`);
printTable(["bug", "generator", "found", "histories", "find ms", "shrink ms", "shrunk to", "shortest"], rows);
