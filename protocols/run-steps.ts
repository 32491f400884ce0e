/** A run at the step grain that violates a law, or lasts for ever: as pinned in a file, and as taken by a machine. */
import { confirmRun, holdsIn } from "../engine/actions.ts";
import { confirmLasso } from "../engine/live/confirm-lasso.ts";
import type { PackedMachine } from "../engine/machine.ts";
import { failedIn, isEnabled } from "../engine/machine.ts";

/** Its steps by name. */
export interface Interleaving {
  /** The law that its last step violates, or the condition that should end and does not. */
  readonly law: string;
  readonly steps: readonly string[];
  /** The steps of the loop after them, if the run never ends; empty if nothing more happens. */
  readonly loop?: readonly string[] | undefined;
}

/** The place at which a machine cannot take a run. */
export interface Stuck {
  /** The step, from 0, through the loop. */
  readonly step: number;
  readonly reason: "no such step" | "cannot be taken here";
}

/** A run, as taken by a machine. */
export interface StepRun {
  readonly run: readonly number[];
  /** The states of the run, the initial one first. The last step may violate a law and lead nowhere. */
  readonly states: readonly Int32Array[];
}

/**
 * Takes steps by their names, as far as they are enabled. A name may belong to several actions, at most one of which is
 * enabled at a time, such as one for each page.
 */
export function runSteps(
  machine: PackedMachine,
  steps: readonly string[],
): StepRun & { readonly stuck?: Stuck } {
  const { actions, words, initial } = machine;
  const state = new Int32Array(words);
  initial(state);
  const run: number[] = [];
  const states = [state.slice()];
  for (const [step, name] of steps.entries()) {
    const index = actions.findIndex((action) => action.name === name && isEnabled(action, state));
    const action = actions[index];
    if (action === undefined) {
      const known = actions.some((each) => each.name === name);
      return { run, states, stuck: { step, reason: known ? "cannot be taken here" : "no such step" } };
    }
    run.push(index);
    if (failedIn(action, state).length > 0) {
      const rest = step + 1 < steps.length;
      return { run, states, ...(rest ? { stuck: { step: step + 1, reason: "cannot be taken here" } } : {}) };
    }
    action.effect(state);
    states.push(state.slice());
  }
  return { run, states };
}

/** The laws that a run violates with its last step: an assertion of the step, or an invariant after it. */
export function violatedBy(
  { actions, invariants }: PackedMachine,
  { run, states }: StepRun,
): readonly string[] {
  const last = states.at(-1) as Int32Array;
  const action = actions[run.at(-1) ?? -1];
  // A step that violates an assertion leads nowhere: the last state is the one in which it was taken.
  if (action !== undefined && states.length === run.length) return failedIn(action, last);
  return invariants.filter((each) => !holdsIn(each, last)).map(({ id }) => id);
}

/** Whether the machine itself says that the run violates its law, or lasts for ever. */
export function isConfirmed(machine: PackedMachine, { law, steps, loop }: Interleaving): boolean {
  const { run, stuck } = runSteps(machine, [...steps, ...(loop ?? [])]);
  if (stuck !== undefined) return false;
  if (loop === undefined) return confirmRun(machine, law, run);
  const passing = machine.eventuallyEnds?.find(({ id }) => id === law);
  const [stem, again] = [run.slice(0, steps.length), run.slice(steps.length)];
  return passing !== undefined && confirmLasso(machine, passing, { stem, loop: again });
}
