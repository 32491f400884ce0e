/** A run at the step grain that breaks a law, or lasts for ever: as it is pinned in a file, and as a machine takes it. */
import { type Action, confirmRun, failedIn, isEnabled, type PackedMachine } from "../engine/actions.ts";
import { confirmLasso } from "../engine/liveness.ts";

/** Its steps by name. */
export interface Interleaving {
  /** The law that its last step breaks, or what should pass and does not. */
  readonly law: string;
  readonly steps: readonly string[];
  /** What is done again and again after them, if the run never ends; empty if nothing more happens. */
  readonly loop?: readonly string[] | undefined;
}

/** Where a run stops that a machine cannot take. */
export interface Stuck {
  /** The step, from 0, through the loop. */
  readonly step: number;
  readonly reason: "no such step" | "cannot be taken here";
}

/** The actions by their names. A machine of another version may not have one: then where that is. */
export function actionsOf({ actions }: PackedMachine, steps: readonly string[]): number[] | Stuck {
  const indices = steps.map((name) => actions.findIndex((action) => action.name === name));
  const step = indices.indexOf(-1);
  return step < 0 ? indices : { step, reason: "no such step" };
}

/** The states that a run goes through, the initial one first; or where it stops. The last step may break a law. */
export function statesOf(machine: PackedMachine, run: readonly number[]): Int32Array[] | Stuck {
  const state = new Int32Array(machine.words);
  machine.initial(state);
  const states = [state.slice()];
  for (const [step, index] of run.entries()) {
    const action = machine.actions[index] as Action;
    if (!isEnabled(action, state)) return { step, reason: "cannot be taken here" };
    // Where an assertion fails, nothing follows.
    if (failedIn(action, state).length > 0) {
      return step === run.length - 1 ? states : { step: step + 1, reason: "cannot be taken here" };
    }
    action.effect(state);
    states.push(state.slice());
  }
  return states;
}

/** Whether the machine itself says that the run breaks its law, or lasts for ever. */
export function isConfirmed(machine: PackedMachine, { law, steps, loop }: Interleaving): boolean {
  const stem = actionsOf(machine, steps);
  if (!Array.isArray(stem)) return false;
  if (loop === undefined) return confirmRun(machine, law, stem);
  const passing = machine.passing?.find(({ id }) => id === law);
  const again = actionsOf(machine, loop);
  return (
    passing !== undefined && Array.isArray(again) && confirmLasso(machine, passing, { stem, loop: again })
  );
}
