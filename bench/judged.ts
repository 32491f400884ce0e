/**
 * How much of fast-check's own speed is left when every command is run by a kernel, followed by the world
 * and judged by all laws the kernel promises: judged commands per second at 100 choices a history, drawing
 * included, against fast-check drawing the same and running it against an empty model. Two baselines:
 *
 *   empty model   our choices arbitrary; a function for each kind of choice, which only counts
 *   fc.commands   fast-check's own fc.commands and fc.modelRun, command classes that only count, drawn from the
 *                 same distribution; they may be up to 100 long (it has no least length), counted as run
 *
 * Then where the time goes: drawing, the kernel's `act`, world and laws, and what is left of a played history
 * (making choices into commands, naming areas, bookkeeping).
 *
 *   npx tsx bench/judged.ts
 */
import fc from "fast-check";
import { searchAtRandom } from "../engine/run/random.ts";
import { type Choice, choice, choices } from "../properties/vmap/choices.ts";
import { scopeCalled } from "../properties/vmap/random-scopes.ts";
import { benchFor } from "../properties/vmap/test-bench.ts";
import { COMMANDS } from "../spec/vmap/commands.ts";
import type { Scope } from "../spec/vmap/scope.ts";
import { PAGE_SIZE } from "../spec/vmap/vocabulary.ts";
import { kernelNamed } from "./kernel.ts";
import { printTable, times, whole } from "./print.ts";
import { type Contestant, race, ratio, type Speeds, speed } from "./race.ts";
import { playAll, Recorded } from "./recorded.ts";

const KERNELS = ["2.6.28.10", "2.6.39", "3.16"];
/** Blocks of 128 pages on 4 CPUs, maps of 16 pages, room for 64 blocks. */
const MAPS: Scope = {
  name: "maps",
  wordPages: 2 ** 20,
  cpus: 4,
  lazyMaxPages: 1024,
  vmalloc: { vstart: 2 ** 16, vend: 2 ** 16 + 64 * 128 },
  blockPages: 128,
  bitsPerLong: 64,
  beforeInit: false,
  congruent: [],
  counts: [16],
  sizes: [1, 16],
  aligns: [PAGE_SIZE],
  windows: [{ vstart: 2 ** 16, vend: 2 ** 16 + 64 * 128 }],
};
const SCOPES: readonly Scope[] = [scopeNamed("desk"), scopeNamed("lazy"), MAPS];
const LENGTH = 100;
/** Histories drawn in a contestant's turn. */
const HISTORIES = 60;
const ROUNDS = 7;

/** Draws histories and hands each to `use`, which says how many commands it ran; returns their sum. */
function draw(scope: Scope, seed: number, use: (drawn: readonly Choice[]) => number): number {
  let commands = 0;
  searchAtRandom({
    drawn: choices(scope, { shortest: LENGTH, longest: LENGTH }),
    attempt: (drawn) => {
      commands += use(drawn);
      return undefined;
    },
    seed,
    runs: HISTORIES,
  });
  return commands;
}

function scopeNamed(name: string): Scope {
  const found = scopeCalled(name);
  if (found === undefined) throw new RangeError(`no scope is called ${name}`);
  return found;
}

interface Counts {
  commands: number;
}

type Model = { readonly [Op in Choice["op"]]: (counts: Counts) => void };

const count = (counts: Counts) => {
  counts.commands += 1;
};
const EMPTY = Object.fromEntries(
  [...Object.keys(COMMANDS), "again", "outside"].map((op) => [op, count]),
) as Model;

function runEmpty(drawn: readonly Choice[]): number {
  const counts = { commands: 0 };
  for (const each of drawn) EMPTY[each.op](counts);
  return counts.commands;
}

class Trivial implements fc.Command<Counts, Model> {
  readonly choice: Choice;
  constructor(choice: Choice) {
    this.choice = choice;
  }
  check(): boolean {
    return true;
  }
  run(model: Counts, real: Model): void {
    real[this.choice.op](model);
  }
  toString(): string {
    return this.choice.op;
  }
}

function drawCommands(scope: Scope, seed: number): number {
  let commands = 0;
  const drawn = fc.commands([choice(scope).map((each) => new Trivial(each))], {
    maxCommands: LENGTH,
    size: "max",
  });
  const property = fc.property(drawn, (history) => {
    const model = { commands: 0 };
    fc.modelRun(() => ({ model, real: EMPTY }), history);
    commands += model.commands;
  });
  fc.check(property, { seed, numRuns: HISTORIES });
  return commands;
}

/** One kernel in one scope against both baselines, and its parts. */
function measure(label: string, scope: Scope): Speeds {
  const setting = benchFor(kernelNamed(label), scope);
  const drawn = drawnFrom(scope);
  const recorded = new Recorded(setting, drawn);
  const contestants: Contestant[] = [
    { name: "empty", run: (seed) => draw(scope, seed, runEmpty) },
    { name: "fc.commands", run: (seed) => drawCommands(scope, seed) },
    { name: "ours", run: (seed) => draw(scope, seed, (each) => playAll(setting, each)) },
    { name: "draw", run: (seed) => draw(scope, seed, (each) => each.length) },
    { name: "play", run: () => drawn.reduce((sum, each) => sum + playAll(setting, each), 0) },
    { name: "act", run: () => recorded.act() },
    { name: "judge", run: () => recorded.judge() },
  ];
  return race(contestants, ROUNDS);
}

function drawnFrom(scope: Scope): readonly (readonly Choice[])[] {
  const drawn: (readonly Choice[])[] = [];
  draw(scope, 0, (each) => drawn.push(each));
  return drawn;
}

const rows = SCOPES.flatMap((scope) => KERNELS.map((label) => ({ label, scope })));
const raced = rows.map(({ label, scope }) => measure(label, scope));

const microseconds = (speeds: Speeds, contestant: string) => 1e6 / speed(speeds, contestant);
const ratios: string[][] = [];
const split: string[][] = [];
for (const [index, { label, scope }] of rows.entries()) {
  const speeds = raced[index] as Speeds;
  const name = `${label}, ${scope.name}`;
  ratios.push([
    name,
    whole(speed(speeds, "ours")),
    whole(speed(speeds, "empty")),
    whole(speed(speeds, "fc.commands")),
    times(ratio(speeds, "ours", "empty")),
    times(ratio(speeds, "ours", "fc.commands")),
  ]);
  const [act, judge] = [microseconds(speeds, "act"), microseconds(speeds, "judge")];
  const rest = microseconds(speeds, "play") - act - judge;
  const parts = [microseconds(speeds, "draw"), act, judge, rest];
  split.push([name, ...parts.map((each) => each.toFixed(2))]);
}
console.log(
  "Commands per second, drawing included. Wanted: at least 0.25 of the baseline, 0.025 with maps.\n",
);
printTable(
  ["kernel, scope", "judged", "empty model", "fc.commands", "judged/empty", "judged/fc.commands"],
  ratios,
);
console.log("\nMicroseconds a command.\n");
printTable(["kernel, scope", "drawing", "act", "world and laws", "rest"], split);
