/** Bugs at the step grain are hunted by exploration: it needs no seed, and what it finds first is shortest. */
import type { InterleavedBreak, InterleavedBug } from "../counterexamples/interleaved.ts";
import { visitActions } from "../engine/actions.ts";
import { explore } from "../engine/explore.ts";
import { findLassos } from "../engine/liveness.ts";
import { STEP_PROTOCOLS } from "../protocols/index.ts";

const BOUNDS = { states: 2e7, milliseconds: 60_000, bytes: 4e9 };

/** What was found of one law, without being told where. */
export interface Explored {
  readonly law: string;
  readonly protocol: string;
  /** The names of its steps, and of its loop if it never ends; undefined if nothing was found. */
  readonly steps: readonly string[] | undefined;
  readonly loop: readonly string[] | undefined;
  readonly states: number;
  readonly seconds: number;
}

export function huntInterleaved({ breaks }: InterleavedBug, only?: string): Explored[] {
  return breaks.filter(({ law }) => only === undefined || law === only).map(huntLaw);
}

function huntLaw({ law, protocol, scope }: InterleavedBreak): Explored {
  const started = performance.now();
  const machine = STEP_PROTOCOLS.find(({ name }) => name === protocol)?.machine(scope);
  if (machine === undefined) throw new Error(`the catalogue names a protocol that there is not: ${protocol}`);
  const names = (run: readonly number[] | undefined) =>
    run?.map((action) => machine.actions[action]?.name ?? "");
  const told = (states: number, run?: readonly number[], loop?: readonly number[]) => ({
    law,
    protocol,
    steps: names(run),
    loop: names(loop),
    states,
    seconds: (performance.now() - started) / 1000,
  });
  if (machine.passing?.some(({ id }) => id === law)) {
    const { lasted, states } = findLassos(machine, BOUNDS);
    const lasso = lasted.find(({ id }) => id === law)?.lasso;
    return told(states, lasso?.stem, lasso?.loop);
  }
  const enough = (broken: readonly string[]) => broken.includes(law);
  const { breaks, states } = explore(visitActions(machine, { symmetry: true }), { bounds: BOUNDS, enough });
  return told(states, breaks.find((each) => each.law === law)?.run);
}
