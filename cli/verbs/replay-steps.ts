/** `replay` of an interleaving: taken step by step, as a chart of one lane for each CPU. */

import { type InterleavingFile, interleavingIn, isInterleaving } from "../../adapters/interleaving-file.ts";
import { readJson } from "../../adapters/json-file.ts";
import { LARGEST_FILE } from "../../adapters/vmap/history-file.ts";
import type { InterleavedBug } from "../../counterexamples/vmap/interleaved.ts";
import { interleavedCalled, nameInterleaved } from "../../counterexamples/vmap/interleavings.ts";
import { lawsOf } from "../../engine/actions.ts";
import { findRun } from "../../jobs/hunt-interleaved.ts";
import { familyOf, protocolFor, whyNone } from "../../jobs/interleaved-orders.ts";
import { replayLine, toolLine } from "../../jobs/names.ts";
import { scopeText } from "../../jobs/parameters.ts";
import { readPinnedInterleaving } from "../../jobs/pinned.ts";
import { orNearest, UsageError } from "../../jobs/usage-error.ts";
import type { StepMachine } from "../../protocols/program.ts";
import { brokenBy, isConfirmed, type Stuck, take } from "../../protocols/run-steps.ts";
import { STEP_PROTOCOLS, type StepProtocol } from "../../protocols/vmap/index.ts";
import { versionOf } from "../../spec/vmap/change.ts";
import { pc } from "../colour.ts";
import { AS_EXPECTED, UNEXPECTED } from "../exit.ts";
import { commandLine, print } from "../output.ts";
import { chart } from "../show/chart.ts";
import { mailOfRun, saysIn, stepsOfRunJson } from "../show/run.ts";

export interface ReplayStepsOptions {
  /** What to take it on in place of its own protocol: another, or the one that describes a version. */
  readonly kernel?: string;
  readonly law?: string;
  /** `text` (by itself), or `mail`. */
  readonly format?: string;
  readonly json: boolean;
}

/** The interleaving in a file, or undefined if it is a history of calls. */
export async function interleavingFrom(path: string): Promise<InterleavingFile | undefined> {
  const json = await readJson(path, LARGEST_FILE);
  return isInterleaving(json) ? interleavingIn(path, json) : undefined;
}

/** A protocol, and the version it was asked for as, if it was. */
interface Asked {
  readonly protocol: StepProtocol;
  readonly version: string | undefined;
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
  const interleaving = await readPinnedInterleaving(bug, broken);
  // Refuses a version that no protocol describes before anything is printed.
  askedFor(options.kernel ?? interleaving.protocol, interleaving);
  const { id, number, says, source } = bug;
  const about: string[] = [];
  if (!options.json && options.format !== "mail")
    about.push(`${pc.bold(id)}${number ? ` (${number})` : ""}\n${says}\n${pc.dim(source)}`);
  return replaySteps(name, interleaving, options, about);
}

export function replaySteps(
  target: string,
  interleaving: InterleavingFile,
  options: ReplayStepsOptions,
  about: readonly string[] = [],
): number {
  const { protocol, version } = askedFor(options.kernel ?? interleaving.protocol, interleaving);
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
  const called = version === undefined ? protocol.name : `${protocol.name}, which describes ${version}`;
  // What it was pinned for, or whatever else its last step breaks.
  const broken = isConfirmed(machine, interleaving) ? [law] : brokenBy(machine, taken);
  if (broken.length === 0 && stuck !== undefined && version !== undefined)
    return exploreInstead(
      { target, protocol, version, called, machine, interleaving, stuck, about },
      options,
    );
  const bugs = broken.map((each) => nameInterleaved(protocol.name, each));
  // A run that an order cannot take says nothing of that order: it may break the law in another way.
  const comparable = broken.length > 0 || stuck === undefined;
  const expected = broken.length > 0 ? broken.includes(law) && !bugs.includes(undefined) : comparable && !own;
  const played = { machine, scope: interleaving.scope, run, loopAt: steps.length, broken };
  if (options.json) {
    const step =
      broken.length > 0 ? Math.min(run.length, steps.length) : stuck === undefined ? null : stuck.step + 1;
    const [first, bug] = [broken[0] ?? null, bugs[0] ?? null];
    const accepted = comparable ? broken.length === 0 : null;
    const verdict = { version: version ?? null, accepted, law: first, step, bug };
    const found = { ...verdict, laws: broken, steps: stepsOfRunJson(played) };
    console.log(JSON.stringify({ history: target, kernel: protocol.name, ...found }));
    return expected ? AS_EXPECTED : UNEXPECTED;
  }
  const words = replayLine(wordsOf(target, options));
  if (options.format === "mail") {
    const named = bugs[0] ?? interleavedCalled(target)?.id;
    const bug = named === undefined ? undefined : interleavedCalled(named);
    const otherwise = acceptedText(protocol.name, law, names, stuck);
    console.log(mailOfRun({ ...played, otherwise, bug, replay: words }));
    return expected ? AS_EXPECTED : UNEXPECTED;
  }
  const [first] = broken;
  print(
    [
      first === undefined
        ? acceptedText(protocol.name, law, names, stuck)
        : violationLine(protocol.name, broken.join(", "), [steps.length, loop.length], bugs[0]),
      ...about,
      `protocol ${pc.bold(called)}, ${scopeText(interleaving.scope)}`,
      chart(machine, run.slice(0, steps.length), run.slice(steps.length)).join("\n"),
    ].join("\n\n"),
  );
  if (first === undefined) return expected ? AS_EXPECTED : UNEXPECTED;
  print(`\n${broken.includes(law) ? "" : pc.red(`it does not violate ${law}, but:\n`)}`.trimEnd());
  for (const [nth, each] of broken.entries()) print(brokenText(machine, each, bugs[nth]));
  print(commandLine("replay", words));
  return expected ? AS_EXPECTED : UNEXPECTED;
}

/** A run that the order of a release cannot take. */
interface NotTaken extends Asked {
  readonly target: string;
  readonly version: string;
  readonly called: string;
  readonly machine: StepMachine;
  readonly interleaving: InterleavingFile;
  readonly stuck: Stuck;
  readonly about: readonly string[];
}

/** Whether some other run of that release violates the law in the same scope: all are visited. */
function exploreInstead(
  { target, protocol, version, called, machine, interleaving, stuck, about }: NotTaken,
  options: ReplayStepsOptions,
): number {
  const { law, steps, loop = [], scope } = interleaving;
  const found = findRun({ law, protocol: protocol.name, scope });
  const run =
    found.steps === undefined ? undefined : take(machine, [...found.steps, ...(found.loop ?? [])]).run;
  const bug = run === undefined ? undefined : nameInterleaved(protocol.name, law);
  const isKept = run === undefined && found.ended === "fixpoint";
  const expected = run === undefined ? isKept : bug !== undefined;
  const counts = [found.steps?.length ?? 0, found.loop?.length ?? 0] as const;
  const broken = run === undefined ? [] : [law];
  const played = { machine, scope, run: run ?? [], loopAt: counts[0], broken };
  if (options.json) {
    const verdict = {
      version,
      accepted: run !== undefined ? false : isKept ? true : null,
      law: broken[0] ?? null,
      step: found.steps?.length ?? null,
      bug: bug ?? null,
      states: found.states,
      laws: broken,
      steps: stepsOfRunJson(played),
    };
    console.log(JSON.stringify({ history: target, kernel: protocol.name, ...verdict }));
    return expected ? AS_EXPECTED : UNEXPECTED;
  }
  const visited = `${found.states} states of this scope`;
  const otherwise = isKept
    ? `accepted: ${version} keeps ${law} in all ${visited}`
    : `Whether ${version} keeps ${law} is not known: ${visited} were visited, and there are more`;
  const words = replayLine(wordsOf(target, options));
  if (options.format === "mail") {
    const named = interleavedCalled(bug ?? target);
    console.log(mailOfRun({ ...played, otherwise, bug: named, replay: words }));
    return expected ? AS_EXPECTED : UNEXPECTED;
  }
  const step = [...steps, ...loop][stuck.step];
  const lacks = stuck.reason === "no such step" ? "has no" : "cannot take";
  const parts = [
    run !== undefined
      ? violationLine(protocol.name, law, counts, bug)
      : isKept
        ? pc.green(otherwise)
        : otherwise,
    ...about,
    `protocol ${pc.bold(called)}, ${scopeText(scope)}`,
    `The run pinned on ${interleaving.protocol} cannot be taken: ${protocol.name} ${lacks} step ${stuck.step + 1}, ${step}`,
  ];
  if (run !== undefined) {
    const drawn = chart(machine, run.slice(0, counts[0]), run.slice(counts[0]));
    parts.push(`The shortest run there that violates the same law:\n\n${drawn.join("\n")}`);
    parts.push(brokenText(machine, law, bug));
  }
  print(parts.join("\n\n"));
  if (run !== undefined) print(commandLine("replay", words));
  return expected ? AS_EXPECTED : UNEXPECTED;
}

/** The first thing that is said. */
function violationLine(
  name: string,
  laws: string,
  [steps, loop]: readonly [number, number],
  bug: string | undefined,
): string {
  const length = `${steps} step${steps === 1 ? "" : "s"}${loop > 0 ? `, then ${loop} for ever` : ""}`;
  return `${pc.red(`${name} violates ${laws}`)} in ${length}: ${bug ?? "no bug of the catalogue accounts for it"}`;
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
  const bug = known === undefined ? undefined : interleavedCalled(known);
  const name = bug === undefined ? "not known to the catalogue" : `known as ${bug.id} (fixed: ${bug.fixed})`;
  return `${pc.red(pc.bold(law))}   ${saysIn(machine, law)}\n${name}`;
}

function acceptedText(name: string, law: string, names: readonly string[], stuck: Stuck | undefined): string {
  if (stuck === undefined) return pc.green(`accepted: ${name} keeps ${law} in this run`);
  const lacks = stuck.reason === "no such step" ? "has no" : "cannot take";
  return [
    pc.red(`not comparable: ${name} ${lacks} step ${stuck.step + 1}, ${names[stuck.step]}`),
    `Whether it keeps ${law} in every run:  ${toolLine(`explore ${name} --law ${law}`)}`,
  ].join("\n");
}

/** A protocol by its name, or the one of the same family that describes a version. */
function askedFor(name: string, { protocol: pinned }: InterleavingFile): Asked {
  const version = versionOf(name);
  const family = familyOf(pinned);
  if (version === undefined || STEP_PROTOCOLS.some((each) => each.name === name))
    return { protocol: protocolNamed(name), version: undefined };
  if (family === undefined)
    throw new UsageError(`${name}: ${pinned} follows no release: it is a policy of those who map`);
  const found = protocolFor(version, family);
  if (found === undefined) throw new UsageError(whyNone(version, family));
  return { protocol: protocolNamed(found), version: name };
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
