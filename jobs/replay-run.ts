/** `replay` of an interleaving: taken step by step on a protocol; if that cannot take it, all runs are searched. */
import type { InterleavingFile } from "../adapters/interleaving-file.ts";
import type { InterleavedBug } from "../counterexamples/interleaved.ts";
import { nameInterleaved } from "../counterexamples/interleavings.ts";
import { lawsOf } from "../engine/actions.ts";
import { STEP_PROTOCOLS } from "../protocols/index.ts";
import type { StepMachine } from "../protocols/program.ts";
import type { StepProtocol } from "../protocols/protocol.ts";
import { isConfirmed, runSteps, type Stuck, violatedBy } from "../protocols/run-steps.ts";
import { versionOf } from "../spec/vmap/change.ts";
import { findRun } from "./hunt-interleaved.ts";
import { familyOf, protocolFor, whyNone } from "./interleaved-orders.ts";
import { wrongIn } from "./parameters.ts";
import { orNearest, UsageError } from "./usage-error.ts";

export interface ReplayedRun {
  readonly kind: "run";
  readonly target: string;
  readonly interleaving: InterleavingFile;
  /** The bug whose pinned interleaving this is. */
  readonly pinned: InterleavedBug | undefined;
  readonly machine: StepMachine;
  /** The requested version, which the protocol describes. */
  readonly version: string | undefined;
  /** The run taken, or the one found in its place; and where its loop begins. */
  readonly run: readonly number[];
  readonly loopAt: number;
  /** The laws that it violates, each with the bug that explains it. */
  readonly violations: readonly RunViolation[];
  /** Where the protocol cannot take it. */
  readonly stuck: Stuck | undefined;
  /** For a run that cannot be taken: the result of a search of all runs in the same scope. */
  readonly searched: Searched | undefined;
  /** Undefined if it is not known. */
  readonly accepted: boolean | undefined;
  readonly expected: boolean;
}

export interface RunViolation {
  readonly law: string;
  readonly bug: string | undefined;
}

export interface Searched {
  readonly states: number;
  /** Whether all were visited. */
  readonly isWhole: boolean;
}

interface RunOptions {
  /** The protocol to take it on in place of its own: another one, or the one that describes a version. */
  readonly kernel?: string | undefined;
  readonly law?: string | undefined;
  readonly pinned?: InterleavedBug | undefined;
}

export function replayRun(target: string, interleaving: InterleavingFile, options: RunOptions): ReplayedRun {
  const { law, steps, loop = [], scope } = interleaving;
  const { protocol, version } = protocolAsked(options.kernel ?? interleaving.protocol, interleaving);
  const wrong = wrongIn(protocol, scope);
  if (wrong !== undefined) throw new UsageError(`${target}: scope: ${wrong}`);
  const machine = protocol.machine(scope);
  if (options.law !== undefined && options.law !== law)
    throw new UsageError(`--law ${options.law}: an interleaving is taken for its own law, ${law}`);
  refuseOtherLaw(machine, target, law);
  const own = protocol.name === interleaving.protocol;
  const names = [...steps, ...loop];
  const taken = runSteps(machine, names);
  const { run, stuck } = taken;
  if (own && stuck?.reason === "no such step") {
    const name = JSON.stringify(names[stuck.step]);
    throw new UsageError(`${target}: step ${stuck.step + 1}: ${protocol.name} has no ${name}`);
  }
  // The law it was pinned for, or the other laws that its last step violates.
  const laws = isConfirmed(machine, interleaving) ? [law] : violatedBy(machine, taken);
  const about = {
    kind: "run",
    target,
    interleaving,
    pinned: options.pinned,
    machine,
    version,
    stuck,
  } as const;
  if (laws.length === 0 && stuck !== undefined && version !== undefined)
    return { ...about, ...search(machine, interleaving) };
  const violations = laws.map((each) => ({ law: each, bug: nameInterleaved(protocol.name, each) }));
  // If an order cannot take a run, it may still violate the law in another way.
  const comparable = laws.length > 0 || stuck === undefined;
  const isKnown = laws.includes(law) && violations.every(({ bug }) => bug !== undefined);
  return {
    ...about,
    run,
    loopAt: steps.length,
    violations,
    searched: undefined,
    accepted: comparable ? laws.length === 0 : undefined,
    expected: laws.length > 0 ? isKnown : comparable && !own,
  };
}

/** Whether some other run of that release violates the law in the same scope: all are visited. */
function search(machine: StepMachine, { law, scope }: InterleavingFile) {
  const { steps, loop = [], states, ended } = findRun({ law, protocol: machine.name, scope });
  const searched = { states, isWhole: ended === "fixpoint" };
  if (steps === undefined) {
    const accepted = searched.isWhole ? true : undefined;
    return { run: [], loopAt: 0, violations: [], searched, accepted, expected: searched.isWhole };
  }
  const { run } = runSteps(machine, [...steps, ...loop]);
  const bug = nameInterleaved(machine.name, law);
  const violations = [{ law, bug }];
  return { run, loopAt: steps.length, violations, searched, accepted: false, expected: bug !== undefined };
}

/** Throws a UsageError for a law that the protocol does not have. */
function refuseOtherLaw(machine: StepMachine, target: string, law: string): void {
  const known = [...lawsOf(machine), ...(machine.eventuallyEnds ?? [])].map(({ id }) => id);
  if (known.includes(law)) return;
  throw new UsageError(
    `${target}: law: ${JSON.stringify(law)} is none of ${machine.name}'s, ${known.join(", ")}`,
  );
}

/** A protocol by its name, or the one of the same family that describes a version. */
function protocolAsked(
  name: string,
  { protocol: pinned }: InterleavingFile,
): { readonly protocol: StepProtocol; readonly version: string | undefined } {
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
