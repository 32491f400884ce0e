/**
 * The step grain of the main job: every protocol of CPUs that take steps is visited whole in its usual scope, what it
 * breaks is named by the catalogue, every pinned interleaving is taken again, and every repaired order is visited.
 */
import type { InterleavedBreak, InterleavedBug } from "../counterexamples/vmap/interleaved.ts";
import { INTERLEAVED, nameInterleaved } from "../counterexamples/vmap/interleavings.ts";
import { visitActions } from "../engine/actions.ts";
import { type Explored, exploring } from "../engine/search/explore.ts";
import { isConfirmed } from "../protocols/run-steps.ts";
import { STEP_PROTOCOLS, type StepProtocol, stepMachineOf } from "../protocols/vmap/index.ts";
import { findRun } from "./hunt-interleaved.ts";
import { readPinnedInterleaving } from "./pinned.ts";
import type { Work } from "./work.ts";

/** A protocol that has broken all that the catalogue knows of it may be larger: the rest of it is left out. */
const BOUNDS = { states: 1e6, bytes: 2e9 };
/** Of the protocols of a release that was asked for. All but the largest, locks-6.5, have fewer. */
const FEW_STATES = 150_000;

/** What one protocol keeps and breaks in its usual scope. */
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
  /** The bug of the catalogue that accounts for it; undefined if none does, or it is kept. */
  readonly bug: string | undefined;
}

/** A pinned interleaving: taken again, and what became of its repaired order. */
export interface PinnedReport {
  readonly bug: InterleavedBug;
  readonly broken: InterleavedBreak;
  /** Steps, and those of its loop if it never ends. */
  readonly steps: number;
  readonly loop: number | undefined;
  readonly confirmed: boolean;
  /** Where its law was seen to break: by this run, or, of what never ends, by another where it cannot be taken. */
  readonly on: readonly RunOn[];
  /** The repaired order keeps the law in every one of these states. */
  readonly kept: boolean;
  readonly states: number;
}

/** A run of a protocol that breaks the law: its steps, and those of its loop if it never ends. */
export interface RunOn {
  readonly protocol: string;
  readonly steps: number;
  readonly loop: number | undefined;
}

export interface InterleavedReport {
  readonly protocols: readonly ProtocolReport[];
  readonly pinned: readonly PinnedReport[];
  /** What was not expected, a line each. */
  readonly surprises: readonly string[];
}

/** Of these protocols, and what is pinned on them; of all unless they are given. */
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
    for (const broken of bug.breaks.filter((each) => brokenOn(each).some(isAsked))) {
      if (await work.turn(`${bug.id}: ${broken.law}`)) break;
      pinned.push(await checkPinned(bug, broken));
    }
  }
  return {
    protocols,
    pinned,
    surprises: [...protocols.flatMap((each) => oddOfProtocol(each, pinned)), ...pinned.flatMap(oddOfPinned)],
  };
}

/** The protocols that break the law, the one it is pinned on first. */
const brokenOn = ({ protocol, also = [] }: InterleavedBreak) => [protocol, ...also];

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
  const { states, ended, breaks } = await work.through(turns, () => `${protocol.name}: visiting every state`);
  const laws = machine.laws.map(({ id: law }) => {
    const steps = breaks.find((each) => each.law === law)?.run.length;
    return { law, steps, bug: steps === undefined ? undefined : nameInterleaved(protocol.name, law) };
  });
  return { name: protocol.name, scope, states, ended, laws };
}

async function checkPinned(bug: InterleavedBug, broken: InterleavedBreak): Promise<PinnedReport> {
  const interleaving = await readPinnedInterleaving(bug, broken);
  const [steps, loop] = [interleaving.steps.length, interleaving.loop?.length];
  const on = brokenOn(broken).flatMap((protocol) =>
    isConfirmed(stepMachineOf(protocol, broken.scope), interleaving)
      ? [{ protocol, steps, loop }]
      : lastingOn({ ...broken, protocol }),
  );
  const { kept, states } = keeps(broken);
  const confirmed = on.some(({ protocol }) => protocol === broken.protocol);
  return { bug, broken, steps, loop, confirmed, on, kept, states };
}

/** Another run that never ends, of a protocol that has not the steps of the pinned one. */
function lastingOn(broken: InterleavedBreak): readonly RunOn[] {
  const { protocol, law, scope } = broken;
  const lasts = stepMachineOf(protocol, scope).eventuallyEnds?.some(({ id }) => id === law);
  if (broken.also?.includes(protocol) !== true || lasts !== true) return [];
  const { steps, loop } = findRun({ law, protocol, scope }, BOUNDS);
  return steps === undefined ? [] : [{ protocol, steps: steps.length, loop: loop?.length }];
}

/** Whether the repaired order keeps the law in the scope of the pinned run, in all states there are. */
function keeps({ law, repaired: protocol, scope }: InterleavedBreak): { kept: boolean; states: number } {
  const { steps, ended, states } = findRun({ law, protocol, scope }, BOUNDS);
  return { kept: ended === "fixpoint" && steps === undefined, states };
}

/** The laws that the catalogue says a protocol breaks. */
const lawsKnown = (name: string) =>
  INTERLEAVED.flatMap(({ breaks }) => breaks)
    .filter((each) => brokenOn(each).includes(name))
    .map(({ law }) => law);

/** The laws that the catalogue says a protocol breaks in just this scope. */
const lawsPinnedIn = (name: string, scope: Readonly<Record<string, number>>) =>
  INTERLEAVED.flatMap(({ breaks }) => breaks)
    .filter((each) => brokenOn(each).includes(name))
    .filter((each) => Object.entries(scope).every(([key, value]) => each.scope[key] === value))
    .map(({ law }) => law);

function oddOfProtocol(
  { name, scope, laws, ended }: ProtocolReport,
  pinned: readonly PinnedReport[],
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
    ...(isWhole || ended === "request" || allMet ? [] : [`${name}: not visited whole`]),
    ...laws
      .filter(({ law, steps }) => steps === undefined && (isWhole || !confirmed.includes(law)))
      .filter(({ law }) => lawsPinnedIn(name, scope).includes(law))
      .map(({ law }) => `${name} does not break ${law} any more`),
    ...unknown.map(({ law, steps }) => `${name} breaks ${law} in ${steps} steps, and no bug accounts for it`),
  ];
}

function oddOfPinned({ bug, broken, confirmed, kept }: PinnedReport): string[] {
  const { protocol, law, repaired } = broken;
  return [
    ...(confirmed
      ? []
      : [`${bug.id}: its pinned interleaving does not break ${law} in ${protocol} any more`]),
    ...(kept ? [] : [`${bug.id}: ${repaired} does not keep ${law}`]),
  ];
}
