/** Checks that actions do no more than their footprints say, in every state of a small machine. */
import { holdsIn, visitActions } from "../actions.ts";
import { BOUNDS } from "../bounds.testing.ts";
import type { Action, PackedMachine } from "../machine.ts";
import { failedIn, isEnabled } from "../machine.ts";
import { explore } from "../search/explore.ts";
import { type Field, valuesOf } from "../search/layout.ts";
import { type Condition, meets } from "./conditions.ts";
import {
  commute,
  type Declared,
  disagree,
  mayEnable,
  mayMake,
  mayMend,
  movesOf,
  readsOf,
} from "./dependence.ts";

/** All states of a machine. Throws an Error if there are more than a million. */
export function statesOf(machine: PackedMachine): Int32Array[] {
  const { reached, ended } = explore(visitActions(machine, { symmetry: false }), {
    bounds: BOUNDS,
    enough: () => false,
  });
  if (ended !== "fixpoint") throw new Error(`${machine.name} has too many states`);
  return Array.from({ length: reached.count }, (_none, number) => {
    const state = new Int32Array(machine.words);
    reached.read(number, state);
    return state;
  });
}

/**
 * The errors of a machine's footprints, seen in these states: a field that an action changes or depends on without
 * naming it, and a dependence of two actions that is not known. Each is reported once.
 */
export function checkFootprints(
  machine: PackedMachine,
  states: readonly Int32Array[] = statesOf(machine),
): string[] {
  const undeclared = machine.actions.filter(({ footprint }) => footprint === undefined);
  if (undeclared.length > 0) return undeclared.map(({ name }) => `${name} has no footprint`);
  const actions = machine.actions as readonly Declared[];
  const wrong = actions.flatMap((action) => [
    ...changesMore(action, states),
    ...dependsOnMore(action, states),
  ]);
  // Consequences of wrong footprints are not reported.
  return wrong.length > 0 ? wrong : [...new Set(dependenceIn(machine, actions, states))];
}

/** The state after an action; undefined if it cannot be taken, or leads nowhere. */
function after(action: Action, state: Int32Array): Int32Array | undefined {
  if (!isEnabled(action, state) || failedIn(action, state).length > 0) return undefined;
  const next = state.slice();
  action.effect(next);
  return next;
}

function changesMore(action: Declared, states: readonly Int32Array[]): string[] {
  const { name, footprint } = action;
  const isOutside = (state: Int32Array, next: Int32Array) => {
    const put = next.slice();
    for (const field of footprint.writes) field.set(put, field.get(state));
    return put.some((word, at) => word !== state[at]);
  };
  const isNoValue = (next: Int32Array) =>
    footprint.writes.some((field) => field.get(next) >= valuesOf(field.meaning));
  const pairs = states.flatMap((state) => {
    const next = after(action, state);
    return next === undefined ? [] : [{ state, next }];
  });
  return [
    ...(pairs.some(({ state, next }) => isOutside(state, next))
      ? [`${name} changes more than it says it writes`]
      : []),
    ...(pairs.some(({ next }) => isNoValue(next)) ? [`${name} writes what is no value of its field`] : []),
  ];
}

/** What an action did in all states in which it read the same. */
interface Done {
  readonly outcome: string;
  readonly next: Int32Array | undefined;
  /** By field written: whether it was always left as it was, and whether it always became the same. */
  readonly left: boolean[];
  readonly same: boolean[];
}

function dependsOnMore(action: Declared, states: readonly Int32Array[]): string[] {
  const reads = [...readsOf(action)];
  const { writes } = action.footprint;
  const known = new Map<string, Done>();
  const isSame = (state: Int32Array): boolean => {
    const key = reads.map((field) => field.get(state)).join();
    const outcome = isEnabled(action, state) ? `fails ${failedIn(action, state)}` : "cannot be taken";
    const next = after(action, state);
    const left = writes.map((field) => next === undefined || field.get(next) === field.get(state));
    const before = known.get(key);
    if (before === undefined) {
      known.set(key, { outcome, next, left, same: writes.map(() => true) });
      return true;
    }
    if (outcome !== before.outcome) return false;
    return writes.every((field, nth) => {
      before.left[nth] &&= left[nth] as boolean;
      before.same[nth] &&= valueIn(field, next) === valueIn(field, before.next);
      return before.left[nth] || before.same[nth];
    });
  };
  return states.every(isSame) ? [] : [`${action.name} depends on more than it says it reads`];
}

const valueIn = (field: Field, state: Int32Array | undefined) => state && field.get(state);

/** Dependences of actions seen in these states and not known. */
function dependenceIn(
  { words, invariants }: PackedMachine,
  actions: readonly Declared[],
  states: readonly Int32Array[],
): string[] {
  const pairs = actions.flatMap((one) => actions.map((other) => ({ one, other })));
  const commuting = pairs.filter(({ one, other }) => one !== other && commute(words, one, other));
  const notEnabling = pairs.filter(({ one, other }) => !mayEnable(words, one, other));
  const all = new Set<Condition>(actions.flatMap(({ when }) => when));
  const each = actions.map((action) => {
    const moves = movesOf(words, action);
    return {
      action,
      notMade: [...all].filter((condition) => !mayMake(moves, condition)),
      notMended: invariants.filter((invariant) => !mayMend(action, moves, invariant)),
    };
  });
  return states.flatMap((state) => [
    ...commuting
      .filter(({ one, other }) => disagree(one, other, state))
      .map(({ one, other }) => `${one.name} and ${other.name} do not commute`),
    ...notEnabling
      .filter(({ one, other }) => {
        const next = isEnabled(other, state) ? undefined : after(one, state);
        return next !== undefined && isEnabled(other, next);
      })
      .map(({ one, other }) => `${one.name} enables ${other.name}`),
    ...each.flatMap(({ action, notMade, notMended }) => {
      const next = after(action, state);
      if (next === undefined) return [];
      return [
        ...notMade
          .filter((condition) => !meets(state, [condition]) && meets(next, [condition]))
          .map(({ field }) => `${action.name} makes a condition on ${field.name} true`),
        ...notMended
          .filter((invariant) => !holdsIn(invariant, state) && holdsIn(invariant, next))
          .map(({ id }) => `${action.name} restores ${id}`),
      ];
    }),
  ]);
}
