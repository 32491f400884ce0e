/** A machine of guarded actions as an explorer visits it. */

import {
  type Action,
  failedIn,
  type Invariant,
  isEnabled,
  type LawStatement,
  type PackedMachine,
} from "./machine.ts";
import { askedOf, ConditionTable, meets } from "./reduce/conditions.ts";
import { EffectTable } from "./reduce/effects.ts";
import {
  type IsLater,
  inNumberOrder,
  reductionOf,
  StubbornSets,
  whyNotReduced,
} from "./reduce/partial-order.ts";
import { symmetryText } from "./reduce/symmetry.ts";
import { type Batch, DISABLED, ENDS, push } from "./search/batch.ts";
import { actionsTo, pathTo } from "./search/explore.ts";
import type { Reached, Visitable } from "./search/visitable.ts";

/** What makes a machine smaller. */
export interface VisitOptions {
  /** Merges states that differ only in interchangeable names. */
  readonly symmetry: boolean;
  /**
   * Takes actions that commute in fewer orders (partial-order.ts). Verdicts, violated laws and deadlocks stay the same.
   * A run into a violation is real, but need not be a shortest one, and the reported lengths need not be the least. A
   * machine with an action without a footprint is not reduced, and its receipt says so.
   */
  readonly partialOrder?: boolean;
  /** For explorers that number states in another order than that of their table. */
  readonly isLater?: IsLater;
}

/**
 * The machine as an explorer visits it: its laws are its invariants, and those that its actions assert.
 */
export function visitActions(
  machine: PackedMachine,
  { symmetry, partialOrder = false, isLater = inNumberOrder }: VisitOptions,
): Visitable {
  const { words, actions, invariants, initial } = machine;
  const canonical = symmetry ? machine.symmetry?.() : undefined;
  const laws = lawsOf(machine);
  const asked = actions.map(askedOf);
  const enabled = new ConditionTable(asked.map(({ together }) => together));
  const { places, masks } = new EffectTable(actions, words);
  const effects = actions.map((action) => action.effect);
  const guards = asked.map(({ guard }) => guard);
  const assertions = actions.map(({ asserts = [] }) =>
    asserts.map(({ law, holds }) => ({ bit: 1 << laws.findIndex(({ id }) => id === law.id), holds })),
  );
  const asks = Uint8Array.from(actions, ({ asserts }, index) =>
    (guards[index] ?? asserts) === undefined ? 0 : 1,
  );
  const nevers = invariants.flatMap(({ never = [] }, law) =>
    never.map((conjunction) => ({ conjunction, law })),
  );
  const forbidden = new ConditionTable(nevers.map(({ conjunction }) => conjunction));
  const asking = invariants.flatMap(({ holds }, law) => (holds === undefined ? [] : [{ holds, law }]));
  const [state, next] = [new Int32Array(words), new Int32Array(words)];
  const whyNot = partialOrder ? whyNotReduced(machine) : undefined;
  const stubborn = partialOrder && whyNot === undefined ? new StubbornSets(machine) : undefined;
  const [now, left] = [new Int32Array(enabled.set.length), new Int32Array(enabled.set.length)];

  /** The outcome of an action's guard and assertions in a state. */
  const ask = (index: number): number => {
    const guard = guards[index];
    if (guard !== undefined && !guard(state)) return DISABLED;
    let outcome = 0;
    for (const { bit, holds } of assertions[index] as (typeof assertions)[number]) {
      if (!holds(state)) outcome |= ENDS | bit;
    }
    return outcome;
  };

  /** Writes the state after an action. Calls of effects were half of the time in which states were expanded. */
  const writeAfter = (index: number, forms: Int32Array, base: number): void => {
    let at = places[4 * index + 3] as number;
    if (at < 0) {
      for (let word = 0; word < words; word++) next[word] = state[word] as number;
      (effects[index] as Action["effect"])(next);
      for (let word = 0; word < words; word++) forms[base + word] = next[word] as number;
    } else {
      const read = (state[places[4 * index] as number] as number) >>> (places[4 * index + 1] as number);
      at += (read & (places[4 * index + 2] as number)) * words * 2;
      for (let word = 0; word < words; word++, at += 2) {
        forms[base + word] = ((state[word] as number) & (masks[at] as number)) | (masks[at + 1] as number);
      }
    }
    if (canonical === undefined) return;
    for (let word = 0; word < words; word++) next[word] = forms[base + word] as number;
    canonical(next);
    for (let word = 0; word < words; word++) forms[base + word] = next[word] as number;
  };

  /** Adds the transitions by some actions whose conditions hold. */
  const takeAll = (set: Int32Array, number: number, batch: Batch): void => {
    for (let part = 0; part < set.length; part++) {
      // bit by bit, the lowest first
      for (let left = set[part] as number; left !== 0; left &= left - 1) {
        const index = 32 * part + 31 - Math.clz32(left & -left);
        const outcome = asks[index] === 0 ? 0 : ask(index);
        if (outcome === DISABLED) continue;
        if (outcome === 0) writeAfter(index, batch.forms, batch.count * words);
        push(batch, number, index, outcome);
      }
    }
  };

  /** The actions that can be taken now, guards and all. */
  const findNow = (): void => {
    for (let part = 0; part < now.length; part++) {
      let bits = enabled.set[part] as number;
      for (let left = bits; left !== 0; left &= left - 1) {
        const guard = guards[32 * part + 31 - Math.clz32(left & -left)];
        if (guard !== undefined && !guard(state)) bits &= ~(left & -left);
      }
      now[part] = bits;
    }
  };

  /** Whether a transition from there on keeps the stubborn set from delaying the others for ever. */
  const leadsLater = (sets: StubbornSets, first: number, number: number, reached: Reached, batch: Batch) => {
    for (let nth = first; nth < batch.count; nth++) {
      if (batch.continues[nth] === 0 || !sets.isPlain(batch.by[nth] as number)) continue;
      for (let word = 0; word < words; word++) next[word] = batch.forms[nth * words + word] as number;
      if (isLater(reached.find(next), number)) return true;
    }
    return false;
  };

  const takeReduced = (sets: StubbornSets, number: number, reached: Reached, batch: Batch): void => {
    findNow();
    for (let part = 0; part < now.length; part++) left[part] = now[part] as number;
    while (sets.find(state, now, left)) {
      const first = batch.count;
      takeAll(sets.set, number, batch);
      if (leadsLater(sets, first, number, reached, batch)) return;
      for (let part = 0; part < left.length; part++) {
        left[part] = (left[part] as number) & ~(sets.set[part] as number);
      }
    }
    takeAll(left, number, batch);
  };

  const violatedIn = (forms: Int32Array, at: number): number => {
    let violated = 0;
    if (forbidden.find(forms, at)) {
      for (const [nth, { law }] of nevers.entries()) if (forbidden.found(nth)) violated |= 1 << law;
    }
    if (asking.length > 0) {
      for (let word = 0; word < words; word++) next[word] = forms[at + word] as number;
      for (const { holds, law } of asking) if (!holds(next)) violated |= 1 << law;
    }
    return violated;
  };

  return {
    name: machine.name,
    words,
    actions: actions.map(({ name }) => name),
    laws,
    reductions: [
      ...(canonical === undefined ? [] : [symmetryText(machine.interchangeable)]),
      ...(stubborn === undefined ? [] : [reductionOf(machine)]),
      ...(whyNot === undefined ? [] : [`no partial order: ${whyNot}`]),
    ],
    begin: (form) => {
      initial(state);
      canonical?.(state);
      form.set(state);
    },
    expand: (number, reached, batch) => {
      reached.read(number, state);
      if (!enabled.find(state, 0)) return;
      if (stubborn === undefined) takeAll(enabled.set, number, batch);
      else takeReduced(stubborn, number, reached, batch);
    },
    violatedIn,
    run: (from, reached, law, action) => {
      if (canonical === undefined) return [...actionsTo(reached, from), action];
      const [run, last] = realRun(machine, canonical, pathTo(reached, from), reached);
      const violating = actions.findIndex(
        (each) => isEnabled(each, last) && violatesLaw(machine, each, last, (laws[law] as LawStatement).id),
      );
      if (violating < 0) throw noSymmetry(machine);
      return [...run, violating];
    },
  };
}

/** The laws of a machine: its invariants, and what its actions assert beyond that. */
export function lawsOf({ invariants, actions }: PackedMachine): readonly LawStatement[] {
  const laws: LawStatement[] = invariants.map(({ id, says }) => ({ id, says }));
  for (const { law } of actions.flatMap(({ asserts = [] }) => asserts)) {
    if (!laws.some(({ id }) => id === law.id)) laws.push(law);
  }
  return laws;
}

/** Whether an action violates the law, by what it asserts or by the state it leads to. */
function violatesLaw({ invariants }: PackedMachine, action: Action, from: Int32Array, law: string): boolean {
  const failed = failedIn(action, from);
  if (failed.length > 0) return failed.includes(law);
  const after = from.slice();
  action.effect(after);
  return invariants.some((each) => each.id === law && !holdsIn(each, after));
}

/** Whether an invariant holds in a state. */
export function holdsIn({ never = [], holds }: Invariant, state: Int32Array): boolean {
  return !never.some((conjunction) => meets(state, conjunction)) && (holds?.(state) ?? true);
}

/**
 * Whether a run confirms a violation: each action is enabled in its turn, from the initial state on, and only the last
 * violates the law. The machine itself is asked, without the tables and merges of an explorer, so this checks the
 * explorer.
 */
export function confirmRun(machine: PackedMachine, law: string, run: readonly number[]): boolean {
  const { words, initial, actions, invariants } = machine;
  const invariant = invariants.find(({ id }) => id === law);
  const isViolated = (state: Int32Array) => invariant !== undefined && !holdsIn(invariant, state);
  const state = new Int32Array(words);
  initial(state);
  for (const [nth, index] of run.entries()) {
    const action = actions[index];
    if (action === undefined || isViolated(state) || !isEnabled(action, state)) return false;
    const failed = failedIn(action, state);
    if (failed.length > 0) return failed.includes(law) && nth === run.length - 1;
    action.effect(state);
  }
  return isViolated(state);
}

const noSymmetry = ({ name }: PackedMachine) =>
  new Error(`${name}: its symmetry is not one, or its canonical form is wrong`);

/**
 * The states on the way are representatives if states were merged. So the run is built again from the initial state,
 * each time by an action that leads to a state with the next representative. Returns the actions, and the state they
 * lead to.
 */
function realRun(
  machine: PackedMachine,
  canonical: (state: Int32Array) => void,
  numbers: readonly number[],
  reached: Reached,
): [number[], Int32Array] {
  const { words, actions, initial } = machine;
  const state = new Int32Array(words);
  const next = new Int32Array(words);
  const form = new Int32Array(words);
  initial(state);
  const run = numbers.slice(1).map((number) => {
    const action = actions.findIndex((each) => {
      if (!isEnabled(each, state) || failedIn(each, state).length > 0) return false;
      next.set(state);
      each.effect(next);
      form.set(next);
      canonical(form);
      return reached.is(number, form);
    });
    if (action < 0) throw noSymmetry(machine);
    state.set(next);
    return action;
  });
  return [run, state];
}
