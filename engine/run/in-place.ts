/**
 * A machine that works in place, visited without being rebuilt from words: a state is the run that leads to it. To
 * restore a state, its run is taken again from the nearest state of which a copy is kept. States are visited in the
 * order in which they were found, so that state is nearly always the parent, one action away.
 */
import { type Batch, DISABLED, ENDS, push } from "../search/batch.ts";
import { actionsTo, pathTo } from "../search/explore.ts";
import type { Reached, Visitable } from "../search/visitable.ts";

export { DISABLED };

export interface InPlaceMachine<S> {
  readonly name: string;
  readonly actions: readonly string[];
  readonly laws: readonly { readonly id: string; readonly says: string }[];
  readonly reductions: readonly string[];
  /** Words in the form of a state. */
  readonly words: number;
  /** The number of bits, if the form is a hash. */
  readonly hashBits?: number | undefined;
  initial(): S;
  copy(state: S): S;
  /** Makes `to` equal to `from`. */
  assign(to: S, from: S): void;
  /**
   * Takes an action in place: DISABLED, or bits of the laws it violated, with ENDS if nothing can follow. `run`: the
   * actions up to this one.
   */
  take(state: S, action: number, run?: () => readonly number[]): number;
  /** Takes an action that was taken before, without judging it. */
  retake(state: S, action: number): void;
  /** Writes the words that identify the state. Two states with the same words behave the same for ever. */
  form(state: S, into: Int32Array, at: number): void;
  witnesses(): ReadonlyMap<string, number>;
}

export function visitInPlace<S>(machine: InPlaceMachine<S>): Visitable {
  const { words, actions } = machine;
  // The states on the way to the one visited last: by depth, its number and a copy.
  const numbers: number[] = [0];
  const copies: S[] = [machine.initial()];
  const work = machine.copy(copies[0] as S);

  /** The state of this number. */
  const restore = (number: number, reached: Reached): S => {
    const path = pathTo(reached, number);
    let depth = 0;
    while (depth + 1 < path.length && numbers[depth + 1] === path[depth + 1]) depth += 1;
    for (let at = depth + 1; at < path.length; at++) {
      const before = copies[at - 1] as S;
      if (copies[at] === undefined) copies[at] = machine.copy(before);
      else machine.assign(copies[at] as S, before);
      machine.retake(copies[at] as S, reached.actions[path[at] as number] as number);
      numbers[at] = path[at] as number;
    }
    numbers.length = path.length;
    return copies[path.length - 1] as S;
  };

  return {
    name: machine.name,
    words,
    actions,
    laws: machine.laws,
    reductions: machine.reductions,
    hashBits: machine.hashBits,
    restoresByRun: true,
    begin: (form) => machine.form(copies[0] as S, form, 0),
    expand: (number, reached, batch) =>
      expand(machine, restore(number, reached), work, number, batch, reached),
    violatedIn: () => 0,
    run: (from, reached, _law, action) => [...actionsTo(reached, from), action],
    witnesses: () => machine.witnesses(),
  };
}

function expand<S>(
  machine: InPlaceMachine<S>,
  state: S,
  work: S,
  number: number,
  batch: Batch,
  reached: Reached,
): void {
  const { actions, words } = machine;
  machine.assign(work, state);
  for (let action = 0; action < actions.length; action++) {
    const outcome = machine.take(work, action, () => [...actionsTo(reached, number), action]);
    if (outcome === DISABLED) continue;
    if ((outcome & ENDS) === 0) machine.form(work, batch.forms, batch.count * words);
    push(batch, number, action, outcome);
    machine.assign(work, state);
  }
}
