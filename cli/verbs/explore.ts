/** `explore`: visits every state of a small machine, and says what was covered. */
import { type Bounds, type Explored, exploring, type PackedMachine } from "../../engine/explore.ts";
import { EXPLORABLES, type Explorable } from "../../protocols/index.ts";
import { pc } from "../colour.ts";
import { AS_EXPECTED, INTERRUPTED, orNearest, UNEXPECTED, UsageError } from "../exit.ts";
import { columns, interruptible, progress } from "../output.ts";

export interface ExploreArguments {
  readonly scope?: string;
  readonly symmetry: string;
  readonly states: number;
  readonly seconds: number;
  readonly megabytes: number;
  readonly json: boolean;
}

export async function exploreVerb(name: string, options: ExploreArguments): Promise<number> {
  const explorable = orNearest(
    "machine",
    name,
    (word) => EXPLORABLES.find((each) => each.name === word),
    EXPLORABLES.map((each) => each.name),
  );
  const parameters = parametersOf(explorable, options.scope ?? "");
  const symmetry = onOrOff(options.symmetry);
  const spinner = progress();
  const interrupts = interruptible();
  const started = Date.now();
  const work = begin(explorable.machine(parameters), symmetry, {
    states: options.states,
    milliseconds: options.seconds * 1000,
    bytes: options.megabytes * 2 ** 20,
  });
  let turn = work.next(false);
  while (!turn.done) {
    const { states, depth, queue } = turn.value;
    const rate = Math.round(states / Math.max(0.001, (Date.now() - started) / 1000));
    spinner.say(`${states} states, ${rate}/s, depth ${depth}, ${queue} to visit`);
    await interrupts.turn();
    turn = work.next(interrupts.interrupted);
  }
  spinner.stop();
  const result = turn.value;
  const scope = Object.entries(parameters)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
  if (options.json) console.log(JSON.stringify(asJson(explorable, scope, result)));
  else print(explorable, scope, result);
  if (interrupts.interrupted) return INTERRUPTED;
  return result.verdict === "broken" ? UNEXPECTED : AS_EXPECTED;
}

function begin(machine: PackedMachine, symmetry: boolean, bounds: Bounds): ReturnType<typeof exploring> {
  try {
    // Made here once for its complaint, which would otherwise come in the middle of the work.
    if (symmetry) machine.symmetry?.();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(`--symmetry on: ${error.message}; take a smaller scope, or --symmetry off`);
  }
  return exploring(machine, { symmetry, bounds });
}

/** `V=3,F=2` over the usual values. Throws a UsageError for an unknown name or a value that cannot be. */
function parametersOf({ name, parameters }: Explorable, scope: string): Record<string, number> {
  const chosen = Object.fromEntries(Object.entries(parameters).map(([key, { usual }]) => [key, usual]));
  for (const part of scope.split(",").filter((text) => text !== "")) {
    const [, key = "", digits = ""] = /^(\w+)=(\d+)$/.exec(part) ?? [];
    const parameter = parameters[key];
    if (parameter === undefined) {
      const form = Object.keys(parameters).map((each) => `${each}=N`);
      throw new UsageError(`--scope of ${name} takes ${form.join(",")}, not ${JSON.stringify(part)}`);
    }
    const value = Number(digits);
    if (value < 1 || value > parameter.most) {
      throw new UsageError(
        `--scope: ${key} counts ${parameter.counts}, from 1 to ${parameter.most}, not ${digits}`,
      );
    }
    chosen[key] = value;
  }
  return chosen;
}

function onOrOff(word: string): boolean {
  if (word !== "on" && word !== "off")
    throw new UsageError(`--symmetry takes on or off, not ${JSON.stringify(word)}`);
  return word === "on";
}

function asJson({ name }: Explorable, scope: string, result: Explored) {
  const { states, edges, depth, verdict, broken, history, deadlocks, fired, reduced, bytes, seconds } =
    result;
  return {
    machine: name,
    scope,
    states,
    edges,
    depth,
    verdict,
    law: broken ?? null,
    history: verdict === "broken" ? history : null,
    exact: true,
    reductions: reduced ? ["symmetry"] : [],
    deadlocks,
    fired: Object.fromEntries(fired),
    bytes,
    seconds,
  };
}

/** The verdict, the shortest run into what broke if anything, and the receipt. */
function print({ name, says }: Explorable, scope: string, result: Explored): void {
  const { states, edges, depth, verdict, broken, history, deadlocks, fired, reduced, bytes, seconds } =
    result;
  console.log(`${pc.bold(name)} ${scope}\n${says}\n`);
  if (verdict === "broken") {
    console.log(`${pc.red(`${broken} is broken`)} in ${history.length} steps:`);
    console.log(`${columns(history.map((step, at) => [`  ${at + 1}`, step]))}\n`);
  }
  const never = [...fired].filter(([, times]) => times === 0).map(([action]) => action);
  const receipt = [
    ["verdict", verdict === "holds" ? pc.green("holds, in every state there is") : verdict],
    ["states", String(states)],
    ["edges", String(edges)],
    ["depth", String(depth)],
    ["deadlocks", String(deadlocks)],
    ["never fired", never.length === 0 ? "none" : never.join("; ")],
    [
      "method",
      `exact${reduced ? ", states merged that differ only in how things are numbered" : ", no reduction"}`,
    ],
    [
      "ended",
      verdict === "bounded"
        ? "at a bound: what lies beyond is not known"
        : verdict === "holds"
          ? "at the fixpoint"
          : "at the first break",
    ],
    ["memory", `${(bytes / states).toFixed(1)} bytes a state`],
    ["seconds", seconds.toFixed(2)],
  ];
  console.log(columns(receipt));
}
