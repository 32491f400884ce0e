/**
 * How much of fast-check's own speed is left when every command is run by a kernel, followed by the world
 * and judged by all laws the kernel promises: judged commands per second at 100 choices a history, drawing
 * included, against fast-check drawing the same and running it against an empty model. Two baselines:
 *
 *   empty model   our choices arbitrary, or for gathers, whose choices are bare numbers, the fields of commands; a
 *                 function that only counts
 *   fc.commands   fast-check's own fc.commands and fc.modelRun, command classes that only count, drawn from the
 *                 same distribution; they may be up to 100 long (it has no least length), counted as run
 *
 * Then where the time goes: drawing, the kernel's `act`, world and laws, and what is left of a played history
 * (making choices into commands, naming areas, bookkeeping).
 *
 *   npx tsx bench/judged.ts [vmap|gather]
 */
import fc from "fast-check";
import { searchAtRandom } from "../engine/run/random.ts";
import { kernelCalled } from "../kernels/gather/index.ts";
import { benchFor as gatherBench, HISTORIES as OF_GATHER } from "../properties/gather/bench.ts";
import { choice, choices } from "../properties/vmap/choices.ts";
import { scopeCalled } from "../properties/vmap/random-scopes.ts";
import { benchFor } from "../properties/vmap/test-bench.ts";
import { type Command, every, RECORDS } from "../spec/gather/commands.ts";
import { scopesFor } from "../spec/gather/scopes.ts";
import type { Scope } from "../spec/vmap/scope.ts";
import { PAGE_SIZE } from "../spec/vmap/vocabulary.ts";
import type { Bench, Terms } from "../spec/wing.ts";
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
const GATHERS = ["gather-2.6.28", "gather-3.1", "gather-6.12"];
const GATHER_SCOPES = ["one gather", "two gathers", "walkers"];
const LENGTH = 100;
/** Histories drawn in a contestant's turn. */
const HISTORIES = 60;
const ROUNDS = 7;

/** A kernel in a scope, and how its choices are drawn. */
interface Row<T extends Terms = Terms> {
  readonly name: string;
  readonly bench: Bench<T>;
  readonly many: fc.Arbitrary<T["choice"][]>;
  /** What a fast-check model draws: the same choices, or where a choice is a bare number a command, field by field. */
  readonly one: fc.Arbitrary<unknown>;
  readonly empty: fc.Arbitrary<unknown[]>;
}

/** Rows of either wing: a choice is only ever handed to its own bench. */
const anyRow = <T extends Terms>(row: Row<T>): Row => row as unknown as Row;

function vmapRows(): Row[] {
  return SCOPES.flatMap((scope) =>
    KERNELS.map((label) => {
      const many = choices(scope, { shortest: LENGTH, longest: LENGTH });
      const bench = benchFor(kernelNamed(label), scope);
      return anyRow({ name: `${label}, ${scope.name}`, bench, many, one: choice(scope), empty: many });
    }),
  );
}

/** Any of these commands of one op, each field drawn by itself. */
function fieldByField(own: readonly Command[]): fc.Arbitrary<object> {
  const names = [...new Set(own.flatMap((command) => Object.keys(command)))];
  const valuesOf = (name: string) => [...new Set(own.map((command) => command[name as keyof Command]))];
  return fc.record(Object.fromEntries(names.map((name) => [name, fc.constantFrom(...valuesOf(name))])));
}

function gatherRows(): Row[] {
  const asked = { minLength: LENGTH, maxLength: LENGTH, size: "max" } as const;
  return GATHER_SCOPES.flatMap((name) =>
    GATHERS.map((label) => {
      const kernel = kernelCalled(label);
      const scope = kernel && scopesFor(kernel.release).find((each) => each.name === name);
      if (kernel === undefined || scope === undefined) throw new RangeError(`${label}, ${name}`);
      const commands = every(scope, kernel.release);
      const ops = RECORDS.flatMap(({ op, weight }) => {
        const own = commands.filter((command) => command.op === op);
        return own.length === 0 ? [] : [{ weight, arbitrary: fieldByField(own) }];
      });
      const one = fc.oneof(...ops);
      const many = OF_GATHER.choices(scope, { shortest: LENGTH, longest: LENGTH });
      const bench = gatherBench(kernel, scope);
      return anyRow({ name: `${label}, ${name}`, bench, many, one, empty: fc.array(one, asked) });
    }),
  );
}

/** Draws histories and hands each to `use`, which says how many commands it ran; returns their sum. */
function draw(
  drawn: fc.Arbitrary<unknown[]>,
  seed: number,
  use: (drawn: readonly unknown[]) => number,
): number {
  let commands = 0;
  searchAtRandom({
    drawn,
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

type Model = (counts: Counts) => void;

const EMPTY: Model = (counts) => {
  counts.commands += 1;
};

function runEmpty(drawn: readonly unknown[]): number {
  const counts = { commands: 0 };
  for (const _each of drawn) EMPTY(counts);
  return counts.commands;
}

class Trivial implements fc.Command<Counts, Model> {
  readonly choice: unknown;
  constructor(choice: unknown) {
    this.choice = choice;
  }
  check(): boolean {
    return true;
  }
  run(model: Counts, real: Model): void {
    real(model);
  }
  toString(): string {
    return String(this.choice);
  }
}

function drawCommands({ one }: Row, seed: number): number {
  let commands = 0;
  const drawn = fc.commands([one.map((each) => new Trivial(each))], { maxCommands: LENGTH, size: "max" });
  const property = fc.property(drawn, (history) => {
    const model = { commands: 0 };
    fc.modelRun(() => ({ model, real: EMPTY }), history);
    commands += model.commands;
  });
  fc.check(property, { seed, numRuns: HISTORIES });
  return commands;
}

/** One kernel in one scope against both baselines, and its parts. */
function measure(row: Row): Speeds {
  const { bench } = row;
  const drawn: (readonly unknown[])[] = [];
  draw(row.many, 0, (each) => drawn.push(each));
  const recorded = new Recorded(bench, drawn);
  const contestants: Contestant[] = [
    { name: "empty", run: (seed) => draw(row.empty, seed, runEmpty) },
    { name: "fc.commands", run: (seed) => drawCommands(row, seed) },
    { name: "ours", run: (seed) => draw(row.many, seed, (each) => playAll(bench, each)) },
    { name: "draw", run: (seed) => draw(row.many, seed, (each) => each.length) },
    { name: "play", run: () => drawn.reduce((sum, each) => sum + playAll(bench, each), 0) },
    { name: "act", run: () => recorded.act() },
    { name: "judge", run: () => recorded.judge() },
  ];
  return race(contestants, ROUNDS);
}

const [asked] = process.argv.slice(2);
const rows = [...(asked === "gather" ? [] : vmapRows()), ...(asked === "vmap" ? [] : gatherRows())];
const raced = rows.map(measure);

const microseconds = (speeds: Speeds, contestant: string) => 1e6 / speed(speeds, contestant);
const ratios: string[][] = [];
const split: string[][] = [];
for (const [index, { name }] of rows.entries()) {
  const speeds = raced[index] as Speeds;
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
