/** `replay` of an interleaving: taken step by step, as a chart of one lane for each CPU. */

import { LARGEST_FILE } from "../../adapters/history-file.ts";
import { type InterleavingFile, interleavingIn, isInterleaving } from "../../adapters/interleaving-file.ts";
import { readJson } from "../../adapters/json-file.ts";
import type { InterleavedBug } from "../../counterexamples/interleaved.ts";
import { interleavedCalled, nameInterleaved } from "../../counterexamples/interleavings.ts";
import { lawsOf } from "../../engine/actions.ts";
import { STEP_PROTOCOLS, type StepProtocol } from "../../protocols/index.ts";
import { brokenBy, isConfirmed, type Stuck, take } from "../../protocols/interleaving.ts";
import type { StepMachine } from "../../protocols/program.ts";
import { pc } from "../colour.ts";
import { AS_EXPECTED, orNearest, UNEXPECTED, UsageError } from "../exit.ts";
import { replayLine, toolLine } from "../names.ts";
import { commandLine, print } from "../output.ts";
import { scopeText } from "../parameters.ts";
import { readPinnedInterleaving } from "../pinned.ts";
import { chart } from "../show/chart.ts";

export interface ReplayStepsOptions {
  /** A protocol to take it on in place of its own. */
  readonly kernel?: string;
  readonly law?: string;
  readonly json: boolean;
}

/** The interleaving in a file, or undefined if it is a history of calls. */
export async function interleavingFrom(path: string): Promise<InterleavingFile | undefined> {
  const json = await readJson(path, LARGEST_FILE);
  return isInterleaving(json) ? interleavingIn(path, json) : undefined;
}

export async function replayPinned(name: string, options: ReplayStepsOptions): Promise<number> {
  const bug = interleavedCalled(name) as InterleavedBug;
  const { breaks } = bug;
  const law = options.law ?? breaks[0]?.law;
  const broken = breaks.find((each) => each.law === law);
  if (broken === undefined) {
    throw new UsageError(
      `${bug.id} does not violate ${law}; it violates ${breaks.map((each) => each.law).join(", ")}`,
    );
  }
  const { id, number, says, source } = bug;
  const about: string[] = [];
  if (!options.json) about.push(`${pc.bold(id)}${number ? ` (${number})` : ""}\n${says}\n${pc.dim(source)}`);
  return replaySteps(name, await readPinnedInterleaving(bug, broken), options, about);
}

export function replaySteps(
  target: string,
  interleaving: InterleavingFile,
  options: ReplayStepsOptions,
  about: readonly string[] = [],
): number {
  const protocol = protocolNamed(options.kernel ?? interleaving.protocol);
  const machine = machineIn(protocol, interleaving, target);
  const { law, steps, loop = [] } = interleaving;
  if (options.law !== undefined && options.law !== law)
    throw new UsageError(`--law ${options.law}: an interleaving is taken for its own law, ${law}`);
  refuseOtherLaw(machine, target, law);
  const own = protocol.name === interleaving.protocol;
  const names = [...steps, ...loop];
  const taken = take(machine, names);
  const { run, stuck } = taken;
  if (own && stuck?.reason === "no such step") {
    const name = JSON.stringify(names[stuck.step]);
    throw new UsageError(`${target}: step ${stuck.step + 1}: ${protocol.name} has no ${name}`);
  }
  // What it was pinned for, or whatever else its last step breaks.
  const broken = isConfirmed(machine, interleaving) ? [law] : brokenBy(machine, taken);
  const bugs = broken.map((each) => nameInterleaved(protocol.name, each));
  // A run that an order cannot take says nothing of that order: it may break the law in another way.
  const comparable = broken.length > 0 || stuck === undefined;
  const expected = broken.length > 0 ? broken.includes(law) && !bugs.includes(undefined) : comparable && !own;
  if (options.json) {
    const step =
      broken.length > 0 ? Math.min(run.length, steps.length) : stuck === undefined ? null : stuck.step + 1;
    const [first, bug] = [broken[0] ?? null, bugs[0] ?? null];
    const accepted = comparable ? broken.length === 0 : null;
    const verdict = { accepted, law: first, step, bug };
    console.log(JSON.stringify({ history: target, kernel: protocol.name, ...verdict }));
    return expected ? AS_EXPECTED : UNEXPECTED;
  }
  const [first] = broken;
  const length = `${steps.length} step${steps.length === 1 ? "" : "s"}${loop.length > 0 ? `, then ${loop.length} for ever` : ""}`;
  print(
    [
      first === undefined
        ? acceptedText(protocol.name, law, names, stuck)
        : `${pc.red(`${protocol.name} violates ${broken.join(", ")}`)} in ${length}: ${bugs[0] ?? "no bug of the catalogue accounts for it"}`,
      ...about,
      `protocol ${pc.bold(protocol.name)}, ${scopeText(interleaving.scope)}`,
      chart(machine, run.slice(0, steps.length), run.slice(steps.length)).join("\n"),
    ].join("\n\n"),
  );
  if (first === undefined) return expected ? AS_EXPECTED : UNEXPECTED;
  print(`\n${broken.includes(law) ? "" : pc.red(`it does not violate ${law}, but:\n`)}`.trimEnd());
  for (const [nth, each] of broken.entries()) print(brokenText(machine, each, bugs[nth]));
  print(commandLine("replay", replayLine(wordsOf(target, options))));
  return expected ? AS_EXPECTED : UNEXPECTED;
}

function wordsOf(target: string, { kernel, law }: ReplayStepsOptions): string {
  const words = [target];
  if (interleavedCalled(target) !== undefined) words.push("--grain", "step");
  if (law !== undefined) words.push("--law", law);
  if (kernel !== undefined) words.push("--kernel", kernel);
  return words.join(" ");
}

/** Throws a UsageError for a law that the protocol does not know. */
function refuseOtherLaw(machine: StepMachine, target: string, law: string): void {
  const known = [...lawsOf(machine), ...(machine.passing ?? [])].map(({ id }) => id);
  if (known.includes(law)) return;
  throw new UsageError(
    `${target}: law: ${JSON.stringify(law)} is none of ${machine.name}'s, ${known.join(", ")}`,
  );
}

function brokenText(machine: StepMachine, law: string, known: string | undefined): string {
  const says = [...lawsOf(machine), ...(machine.passing ?? [])].find(({ id }) => id === law)?.says ?? "";
  return `${pc.red(pc.bold(law))}   ${says}\n${known === undefined ? "not known to the catalogue" : `known as ${known}`}`;
}

function acceptedText(name: string, law: string, names: readonly string[], stuck: Stuck | undefined): string {
  if (stuck === undefined) return pc.green(`accepted: ${name} keeps ${law} in this run`);
  const lacks = stuck.reason === "no such step" ? "has no" : "cannot take";
  return [
    pc.red(`not comparable: ${name} ${lacks} step ${stuck.step + 1}, ${names[stuck.step]}`),
    `Whether it keeps ${law} in every run:  ${toolLine(`explore ${name} --law ${law}`)}`,
  ].join("\n");
}

function protocolNamed(name: string): StepProtocol {
  const names = STEP_PROTOCOLS.map((each) => each.name);
  return orNearest("protocol", name, (word) => STEP_PROTOCOLS.find((each) => each.name === word), names);
}

/** Throws a UsageError for a scope that the protocol does not have. */
function machineIn(protocol: StepProtocol, { scope }: InterleavingFile, target: string): StepMachine {
  for (const [key, { counts, least = 1, most }] of Object.entries(protocol.parameters)) {
    const value = scope[key];
    if (value === undefined || value < least || value > most) {
      throw new UsageError(
        `${target}: scope.${key} (${counts}) is from ${least} to ${most}, not ${value ?? "given"}`,
      );
    }
  }
  const foreign = Object.keys(scope).find((key) => !Object.hasOwn(protocol.parameters, key));
  if (foreign !== undefined)
    throw new UsageError(`${target}: scope.${foreign}: ${protocol.name} has no such parameter`);
  return protocol.machine(scope);
}
