/**
 * The step grain of the main job: every protocol of CPUs that take steps is visited whole in its usual scope, what it
 * breaks is named by the catalogue, every pinned interleaving is taken again, and every repaired order is visited.
 */
import type { InterleavedBreak, InterleavedBug } from "../counterexamples/interleaved.ts";
import { INTERLEAVED, nameInterleaved } from "../counterexamples/interleavings.ts";
import { visitActions } from "../engine/actions.ts";
import { type Explored, explore, exploring } from "../engine/explore.ts";
import { findLassos } from "../engine/liveness.ts";
import { STEP_PROTOCOLS, type StepProtocol, stepMachineOf } from "../protocols/index.ts";
import { isConfirmed } from "../protocols/interleaving.ts";
import { readPinnedInterleaving } from "./pinned.ts";

/** A protocol that has broken all that the catalogue knows of it may be larger: the rest of it is left out. */
const BOUNDS = { states: 1e6, bytes: 2e9 };

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
  /** The repaired order keeps the law in every one of so many states. */
  readonly kept: boolean;
  readonly states: number;
}

export interface InterleavedReport {
  readonly protocols: readonly ProtocolReport[];
  readonly pinned: readonly PinnedReport[];
  /** What was not expected, a line each. */
  readonly surprises: readonly string[];
}

export interface InterleavedOptions {
  say(text: string): void;
  /** Awaited between turns; true to end. */
  turn(): Promise<boolean>;
}

export async function checkInterleaved({ say, turn }: InterleavedOptions): Promise<InterleavedReport> {
  const protocols: ProtocolReport[] = [];
  for (const protocol of STEP_PROTOCOLS) {
    say(`${protocol.name}: visiting every state`);
    if (await turn()) break;
    protocols.push(await checkProtocol(protocol, usualScope(protocol), turn));
  }
  const pinned: PinnedReport[] = [];
  for (const bug of INTERLEAVED) {
    for (const broken of bug.breaks) {
      say(`${bug.id}: ${broken.law}`);
      if (await turn()) break;
      pinned.push(await checkPinned(bug, broken));
    }
  }
  return {
    protocols,
    pinned,
    surprises: [...protocols.flatMap(oddOfProtocol), ...pinned.flatMap(oddOfPinned)],
  };
}

const usualScope = ({ parameters }: StepProtocol) =>
  Object.fromEntries(Object.entries(parameters).map(([key, { usual }]) => [key, usual]));

async function checkProtocol(
  protocol: StepProtocol,
  scope: Readonly<Record<string, number>>,
  turn: () => Promise<boolean>,
): Promise<ProtocolReport> {
  const machine = visitActions(protocol.machine(scope), { symmetry: true });
  const turns = exploring(machine, { bounds: BOUNDS, enough: () => false });
  let next = turns.next(false);
  while (!next.done) next = turns.next(await turn());
  const { states, ended, breaks } = next.value;
  const laws = machine.laws.map(({ id: law }) => {
    const steps = breaks.find((each) => each.law === law)?.run.length;
    return { law, steps, bug: steps === undefined ? undefined : nameInterleaved(protocol.name, law) };
  });
  return { name: protocol.name, scope, states, ended, laws };
}

async function checkPinned(bug: InterleavedBug, broken: InterleavedBreak): Promise<PinnedReport> {
  const interleaving = await readPinnedInterleaving(bug, broken);
  const machine = stepMachineOf(broken.protocol, broken.scope);
  const { kept, states } = keeps(broken);
  return {
    bug,
    broken,
    steps: interleaving.steps.length,
    loop: interleaving.loop?.length,
    confirmed: isConfirmed(machine, interleaving),
    kept,
    states,
  };
}

/** Whether the repaired order keeps the law in the scope of the pinned run, in all states there are. */
function keeps({ law, repaired, scope }: InterleavedBreak): { kept: boolean; states: number } {
  const machine = stepMachineOf(repaired, scope);
  const lasts = machine.passing?.some(({ id }) => id === law) === true;
  if (lasts) {
    const { lasted, states, ended } = findLassos(machine, BOUNDS);
    return { kept: ended === "fixpoint" && lasted.find(({ id }) => id === law)?.verdict === "holds", states };
  }
  const options = { bounds: BOUNDS, enough: () => false };
  const { breaks, ended, states } = explore(visitActions(machine, { symmetry: true }), options);
  return { kept: ended === "fixpoint" && !breaks.some((each) => each.law === law), states };
}

/** The laws that the catalogue says a protocol breaks. */
const lawsKnown = (name: string) =>
  INTERLEAVED.flatMap(({ breaks }) => breaks)
    .filter(({ protocol, also = [] }) => [protocol, ...also].includes(name))
    .map(({ law }) => law);

/** The laws that the catalogue says a protocol breaks in just this scope. */
const lawsPinnedIn = (name: string, scope: Readonly<Record<string, number>>) =>
  INTERLEAVED.flatMap(({ breaks }) => breaks)
    .filter(({ protocol, also = [] }) => [protocol, ...also].includes(name))
    .filter((each) => Object.entries(scope).every(([key, value]) => each.scope[key] === value))
    .map(({ law }) => law);

function oddOfProtocol({ name, scope, laws, ended }: ProtocolReport): string[] {
  const known = lawsKnown(name);
  const allMet =
    known.length > 0 && laws.every(({ law, steps }) => steps !== undefined || !known.includes(law));
  const unknown = laws.filter(({ steps, bug }) => steps !== undefined && bug === undefined);
  return [
    ...(ended === "fixpoint" || ended === "request" || allMet ? [] : [`${name}: not visited whole`]),
    ...laws
      .filter(({ law, steps }) => steps === undefined && lawsPinnedIn(name, scope).includes(law))
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
