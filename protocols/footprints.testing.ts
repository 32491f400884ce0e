/** Whether what the actions of a machine say they read and write is all that they do. */
import { failedIn, isEnabled } from "../engine/actions.ts";
import type { Reached } from "../engine/search/explore.ts";
import { type Field, valuesOf } from "../engine/search/layout.ts";
import type { StepAction, StepMachine } from "./program.ts";

/** States looked at, of those that were reached. */
const SAMPLE = 40;

/**
 * What is wrong with the footprints, as far as some states tell: a field changed that is not said to be written, or
 * one not said to be read on which something else depends. Each is named once.
 */
export function wrongFootprints(machine: StepMachine, reached: Reached): string[] {
  const state = new Int32Array(machine.words);
  const wrong = new Set<string>();
  const stride = Math.max(1, Math.floor(reached.count / SAMPLE));
  for (let number = 0; number < reached.count; number += stride) {
    reached.read(number, state);
    for (const action of machine.actions) {
      for (const field of undeclared(machine, action, state)) wrong.add(`${action.name}: ${field}`);
    }
  }
  return [...wrong];
}

function undeclared({ layout }: StepMachine, action: StepAction, state: Int32Array): string[] {
  const { reads, writes } = action.footprint ?? { reads: [], writes: [] };
  const isRead = new Set([...reads, ...action.when.map(({ field }) => field)]);
  const isWritten = new Set(writes);
  const usual = outcome(action, state);
  const wrong: string[] = [];
  for (const field of layout.fields) {
    const was = field.get(state);
    if (usual.after !== undefined && field.get(usual.after) !== was && !isWritten.has(field)) {
      wrong.push(`writes ${field.name}`);
    }
    if (isRead.has(field)) continue;
    const changed = state.slice();
    field.set(changed, (was + 1) % valuesOf(field.meaning));
    if (!isAlike(usual, outcome(action, changed), field, field.get(changed), isWritten.has(field))) {
      wrong.push(`reads ${field.name}`);
    }
  }
  return wrong;
}

interface Outcome {
  readonly failed: string;
  /** Undefined if it cannot be taken. */
  readonly after: Int32Array | undefined;
}

function outcome(action: StepAction, state: Int32Array): Outcome {
  if (!isEnabled(action, state)) return { failed: "", after: undefined };
  const after = state.slice();
  action.effect(after);
  return { failed: failedIn(action, state).join(), after };
}

/**
 * Whether two outcomes differ in nothing but a field that had another value before: it has that still, or, if it is
 * written, the value that it is given.
 */
function isAlike(usual: Outcome, other: Outcome, field: Field, before: number, isWritten: boolean): boolean {
  if (usual.failed !== other.failed) return false;
  if (usual.after === undefined || other.after === undefined) return usual.after === other.after;
  const [given, is] = [field.get(usual.after), field.get(other.after)];
  if (is !== before && !(isWritten && is === given)) return false;
  const after = other.after.slice();
  field.set(after, given);
  return after.every((word, at) => word === usual.after?.[at]);
}
