/**
 * The step grain of the main job: every state of every protocol of CPUs is visited in its usual scope, its violations
 * are attributed to the catalogue's bugs, every pinned interleaving is taken again, and every repaired order is
 * visited.
 */
import type { InterleavedBug, InterleavedViolation } from "../../counterexamples/interleaved.ts";
import { INTERLEAVED, nameInterleaved } from "../../counterexamples/interleavings.ts";
import { visitActions } from "../../engine/actions.ts";
import { exploring } from "../../engine/search/explore.ts";
import type { Explored } from "../../engine/search/visitable.ts";
import { STEP_PROTOCOLS, stepMachineOf } from "../../protocols/index.ts";
import type { StepProtocol } from "../../protocols/protocol.ts";
import { isConfirmed } from "../../protocols/run-steps.ts";
import { findRun } from "../hunt-interleaved.ts";
import { readPinnedInterleaving } from "../pin/pinned.ts";
import type { Work } from "../work.ts";

/** The bound for a protocol that may be larger: once its known violations are found, the rest is not visited. */
const BOUNDS = { states: 1e6, bytes: 2e9 };
/** The bound for a repaired order: the largest, asids-4.4, has a million and a half. */
const REPAIRED_BOUNDS = { ...BOUNDS, states: 2e6 };
/** The bound for protocols of a requested release. All but the largest, locks-6.5, have fewer states. */
const FEW_STATES = 150_000;

/** The laws that one protocol keeps and violates in its usual scope. */
export interface ProtocolReport {
  readonly name: string;
  readonly scope: Readonly<Record<string, number>>;
  readonly states: number;
  readonly ended: Explored["ended"];
  readonly laws: readonly ProtocolLaw[];
}

export interface ProtocolLaw {
  readonly law: string;
  /** Steps of a shortest run; undefined if it is kept. */
  readonly steps: number | undefined;
  /** The bug of the catalogue that explains it; undefined if there is none, or the law is kept. */
  readonly bug: string | undefined;
}

/** A pinned interleaving, taken again, and the verdict on its repaired order. */
export interface PinnedReport {
  readonly bug: InterleavedBug;
  readonly broken: InterleavedViolation;
  /** Steps, and those of its loop if it never ends. */
  readonly steps: number;
  readonly loop: number | undefined;
  readonly confirmed: boolean;
  /**
   * The protocols on which the law is violated: by this run, or, for liveness, by another run where this one cannot be
   * taken.
   */
  readonly on: readonly RunOn[];
  /** Whether the repaired order keeps the law, and in how many states. */
  readonly kept: boolean;
  readonly states: number;
}

/** A run of a protocol that violates the law: its steps, and those of its loop if it never ends. */
export interface RunOn {
  readonly protocol: string;
  readonly steps: number;
  readonly loop: number | undefined;
}

export interface InterleavedReport {
  readonly protocols: readonly ProtocolReport[];
  readonly pinned: readonly PinnedReport[];
  /** The surprises, a line each. */
  readonly surprises: readonly string[];
}

/** Checks these protocols and the runs pinned on them; all protocols by default. */
export async function checkInterleaved(
  only: readonly string[] | undefined,
  work: Work,
): Promise<InterleavedReport> {
  const isAsked = (name: string) => only === undefined || only.includes(name);
  const bounds = only === undefined ? BOUNDS : { ...BOUNDS, states: FEW_STATES };
  const protocols: ProtocolReport[] = [];
  for (const protocol of STEP_PROTOCOLS.filter(({ name }) => isAsked(name))) {
    if (await work.turn(`${protocol.name}: visiting every state`)) break;
    protocols.push(await checkProtocol(protocol, usualScope(protocol), bounds, work));
  }
  const pinned: PinnedReport[] = [];
  for (const bug of INTERLEAVED) {
    for (const broken of bug.violations.filter((each) => violatedOn(each).some(isAsked))) {
      if (await work.turn(`${bug.id}: ${broken.law}`)) break;
      pinned.push(await checkPinned(bug, broken));
    }
  }
  return {
    protocols,
    pinned,
    surprises: [
      ...protocols.flatMap((each) => oddOfProtocol(each, pinned, work.stop !== false)),
      ...pinned.flatMap(oddOfPinned),
    ],
  };
}

/** The protocols that violate the law, the one it is pinned on first. */
const violatedOn = ({ protocol, also = [] }: InterleavedViolation) => [protocol, ...also];

/** The usual value of each parameter. */
export const usualScope = ({ parameters }: StepProtocol) =>
  Object.fromEntries(Object.entries(parameters).map(([key, { usual }]) => [key, usual]));

async function checkProtocol(
  protocol: StepProtocol,
  scope: Readonly<Record<string, number>>,
  bounds: typeof BOUNDS,
  work: Work,
): Promise<ProtocolReport> {
  const machine = visitActions(protocol.machine(scope), { symmetry: true });
  const turns = exploring(machine, { bounds, enough: () => false });
  const { states, ended, violations } = await work.through(
    turns,
    () => `${protocol.name}: visiting every state`,
  );
  const laws = machine.laws.map(({ id: law }) => {
    const steps = violations.find((each) => each.law === law)?.run.length;
    return { law, steps, bug: steps === undefined ? undefined : nameInterleaved(protocol.name, law) };
  });
  return { name: protocol.name, scope, states, ended, laws };
}

async function checkPinned(bug: InterleavedBug, broken: InterleavedViolation): Promise<PinnedReport> {
  const interleaving = await readPinnedInterleaving(bug, broken);
  const [steps, loop] = [interleaving.steps.length, interleaving.loop?.length];
  const on = violatedOn(broken).flatMap((protocol) =>
    isConfirmed(stepMachineOf(protocol, broken.scope), interleaving)
      ? [{ protocol, steps, loop }]
      : lastingOn({ ...broken, protocol }),
  );
  const { kept, states } = keeps(broken);
  const confirmed = on.some(({ protocol }) => protocol === broken.protocol);
  return { bug, broken, steps, loop, confirmed, on, kept, states };
}

/** Another run that never ends, of a protocol that lacks steps of the pinned one. */
function lastingOn(broken: InterleavedViolation): readonly RunOn[] {
  const { protocol, law, scope } = broken;
  const lasts = stepMachineOf(protocol, scope).eventuallyEnds?.some(({ id }) => id === law);
  if (broken.also?.includes(protocol) !== true || lasts !== true) return [];
  const { steps, loop } = findRun({ law, protocol, scope }, BOUNDS);
  return steps === undefined ? [] : [{ protocol, steps: steps.length, loop: loop?.length }];
}

/** Whether the repaired order keeps the law in every state of the pinned run's scope. */
function keeps({ law, repaired: protocol, scope }: InterleavedViolation): { kept: boolean; states: number } {
  const { steps, ended, states } = findRun({ law, protocol, scope }, REPAIRED_BOUNDS);
  return { kept: ended === "fixpoint" && steps === undefined, states };
}

/** The laws that the catalogue says a protocol violates. */
const lawsKnown = (name: string) =>
  INTERLEAVED.flatMap(({ violations }) => violations)
    .filter((each) => violatedOn(each).includes(name))
    .map(({ law }) => law);

/** The laws that the catalogue says a protocol violates in just this scope. */
const lawsPinnedIn = (name: string, scope: Readonly<Record<string, number>>) =>
  INTERLEAVED.flatMap(({ violations }) => violations)
    .filter((each) => violatedOn(each).includes(name))
    .filter((each) => Object.entries(scope).every(([key, value]) => each.scope[key] === value))
    .map(({ law }) => law);

/** Of work that was cut short, only what it found: a violation that it did not reach is no surprise. */
function oddOfProtocol(
  { name, scope, laws, ended }: ProtocolReport,
  pinned: readonly PinnedReport[],
  isCutShort: boolean,
): string[] {
  const known = lawsKnown(name);
  const confirmed = pinned
    .filter(({ on }) => on.some(({ protocol }) => protocol === name))
    .map(({ broken }) => broken.law);
  const isMet = (law: string) => confirmed.includes(law) || !known.includes(law);
  const isWhole = ended === "fixpoint";
  const allMet = known.length > 0 && laws.every(({ law, steps }) => steps !== undefined || isMet(law));
  const unknown = laws.filter(({ steps, bug }) => steps !== undefined && bug === undefined);
  return [
    ...(isWhole || isCutShort || allMet ? [] : [`${name}: not visited whole`]),
    ...laws
      .filter(
        ({ law, steps }) => steps === undefined && (isWhole || !(isCutShort || confirmed.includes(law))),
      )
      .filter(({ law }) => lawsPinnedIn(name, scope).includes(law))
      .map(({ law }) => `${name} does not violate ${law} any more`),
    ...unknown.map(
      ({ law, steps }) => `${name} violates ${law} in ${steps} steps, and no bug accounts for it`,
    ),
  ];
}

function oddOfPinned({ bug, broken, confirmed, kept }: PinnedReport): string[] {
  const { protocol, law, repaired } = broken;
  return [
    ...(confirmed
      ? []
      : [`${bug.id}: its pinned interleaving does not violate ${law} in ${protocol} any more`]),
    ...(kept ? [] : [`${bug.id}: ${repaired} does not keep ${law}`]),
  ];
}
