/** Bugs at the step grain are hunted by exploration: it needs no seed, and its first violation is a shortest one. */
import type { InterleavedBug, InterleavedViolation } from "../counterexamples/interleaved.ts";
import { visitActions } from "../engine/actions.ts";
import { findingLassos } from "../engine/live/liveness.ts";
import { exploring } from "../engine/search/explore.ts";
import type { Bounds, Progress, Stop } from "../engine/search/visitable.ts";
import { stepMachineOf } from "../protocols/index.ts";
import type { StepMachine } from "../protocols/program.ts";

const BOUNDS = { states: 2e7, bytes: 4e9 };

/** The finding for one law, by a search without hints. */
export interface Explored {
  readonly law: string;
  readonly protocol: string;
  /** The names of its steps, and of its loop if it never ends; undefined if nothing was found. */
  readonly steps: readonly string[] | undefined;
  readonly loop: readonly string[] | undefined;
  readonly states: number;
  readonly seconds: number;
}

/** Work in turns of some milliseconds; stopped after a turn, it ends with its findings so far. */
type Turns<T> = Generator<Progress, T, Stop>;

/** The findings for each law. If it is ended early, they leave out laws for which nothing was found by then. */
export function* huntingInterleaved({ violations }: InterleavedBug, only?: string): Turns<Explored[]> {
  const hunted: Explored[] = [];
  for (const broken of violations.filter(({ law }) => only === undefined || law === only)) {
    const { found, ended } = yield* huntingLaw(broken);
    const isEnded = ended === "request" || ended === "time";
    if (!isEnded || found.steps !== undefined) hunted.push(found);
    if (isEnded) break;
  }
  return hunted;
}

/** The shortest run of a protocol in a scope that violates a law, without turns. */
export function findRun(broken: Searched, bounds = BOUNDS): Explored & { readonly ended: string } {
  const turns = huntingLaw(broken, bounds);
  let turn = turns.next(false);
  while (!turn.done) turn = turns.next(false);
  return { ...turn.value.found, ended: turn.value.ended };
}

type Searched = Pick<InterleavedViolation, "law" | "protocol" | "scope">;

function* huntingLaw(
  { law, protocol, scope }: Searched,
  bounds = BOUNDS,
): Turns<{
  readonly found: Explored;
  readonly ended: string;
}> {
  const started = performance.now();
  const machine = stepMachineOf(protocol, scope);
  const lasts = machine.eventuallyEnds?.some(({ id }) => id === law);
  const { run, loop, states, ended } = yield* lasts
    ? lastingLaw(machine, law, bounds)
    : violatingLaw(machine, law, bounds);
  const names = (some: readonly number[] | undefined) =>
    some?.map((action) => machine.actions[action]?.name ?? "");
  const seconds = (performance.now() - started) / 1000;
  const found = { law, protocol, steps: names(run), loop: names(loop), states, seconds };
  return { found, ended };
}

/** A run, as indices of actions, with its loop if it violates liveness. */
interface Run {
  readonly run: readonly number[] | undefined;
  readonly loop?: readonly number[] | undefined;
  readonly states: number;
  readonly ended: string;
}

function* lastingLaw(machine: StepMachine, law: string, bounds: Bounds): Turns<Run> {
  const { lasted, states, ended } = yield* findingLassos(machine, bounds);
  const lasso = lasted.find(({ id }) => id === law)?.lasso;
  return { run: lasso?.stem, loop: lasso?.loop, states, ended };
}

function* violatingLaw(machine: StepMachine, law: string, bounds: Bounds): Turns<Run> {
  const enough = (broken: readonly string[]) => broken.includes(law);
  const visited = visitActions(machine, { symmetry: true });
  const { violations, states, ended } = yield* exploring(visited, { bounds, enough });
  return { run: violations.find((each) => each.law === law)?.run, states, ended };
}
