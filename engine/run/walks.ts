/** Random runs of a machine of guarded actions, each step judged: for machines too large to be visited whole. */
import { confirmRun, holdsIn } from "../actions.ts";
import { failedIn, type PackedMachine } from "../machine.ts";
import type { ShortestViolation, Stop } from "../search/visitable.ts";
import { Random } from "./random.ts";
import { shrink } from "./shrink.ts";

interface Walks {
  readonly runs: number;
  /** Steps of a run, at most. */
  readonly longest: number;
  readonly seed: number;
}

export interface Walked {
  readonly runs: number;
  readonly steps: number;
  /** Runs that violated something. */
  readonly violating: number;
  /** For each law that was violated: the shortest run met, without the steps that it does not need. */
  readonly violations: readonly ShortestViolation[];
  /** The actions that were taken. */
  readonly fired: number;
}

/** Runs between two turns. */
const TURN = 500;

/** In turns of some hundred runs. Each step is drawn evenly among those that are enabled. */
export function* walking(
  machine: PackedMachine,
  { runs, longest, seed }: Walks,
): Generator<number, Walked, Stop> {
  const random = new Random(seed);
  const isEnabled = guardsOf(machine);
  const found = new Map<string, readonly number[]>();
  const fired = new Set<number>();
  let [done, steps, violating] = [0, 0, 0];
  for (; done < runs; done++) {
    const { run, violated } = walk(machine, longest, random, isEnabled);
    steps += run.length;
    for (const action of run) fired.add(action);
    if (violated.length > 0) violating += 1;
    for (const law of violated) {
      const known = found.get(law);
      if (known === undefined || run.length < known.length) found.set(law, run);
    }
    if (done % TURN === TURN - 1 && (yield done + 1)) {
      done += 1;
      break;
    }
  }
  const violations = [...found].map(([law, run]) => ({ law, run: shrunk(machine, law, run) }));
  return { runs: done, steps, violating, violations, fired: fired.size };
}

type Enabled = (nth: number, state: Int32Array) => boolean;

/** Whether an action may be taken: its conditions in one array, as this is asked of all actions at each step. */
function guardsOf({ actions }: PackedMachine): Enabled {
  const conditions = actions.map(({ when }) =>
    Int32Array.from(
      when.flatMap(({ field: { word, shift, mask }, allowed }) => [word, shift, mask, allowed]),
    ),
  );
  return (nth, state) => {
    const all = conditions[nth] as Int32Array;
    for (let at = 0; at < all.length; at += 4) {
      const read = (state[all[at] as number] as number) >>> (all[at + 1] as number);
      const is = read & (all[at + 2] as number);
      if (is > 31 || (((all[at + 3] as number) >>> is) & 1) === 0) return false;
    }
    return actions[nth]?.guard?.(state) ?? true;
  };
}

function walk(machine: PackedMachine, longest: number, random: Random, isEnabled: Enabled) {
  const { words, actions, invariants } = machine;
  const state = new Int32Array(words);
  machine.initial(state);
  const run: number[] = [];
  const enabled: number[] = [];
  while (run.length < longest) {
    enabled.length = 0;
    for (let nth = 0; nth < actions.length; nth++) {
      if (isEnabled(nth, state)) enabled.push(nth);
    }
    if (enabled.length === 0) break;
    const nth = enabled[random.below(enabled.length)] as number;
    const action = actions[nth] as (typeof actions)[number];
    run.push(nth);
    const failed = failedIn(action, state);
    if (failed.length > 0) return { run, violated: failed };
    action.effect(state);
    const broken = invariants.filter((each) => !holdsIn(each, state));
    if (broken.length > 0) return { run, violated: broken.map(({ id }) => id) };
  }
  return { run, violated: [] };
}

/** Without steps that it does not need; what is left is a run of the machine. */
function shrunk(machine: PackedMachine, law: string, run: readonly number[]): readonly number[] {
  return shrink(run, {
    fails: (history) => confirmRun(machine, law, history),
    without: (history, dropped) => history.filter((_action, at) => !dropped.has(at)),
    simpler: () => [],
  });
}
