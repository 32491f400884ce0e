/**
 * The dependence of actions, computed once from their conditions and footprints. Two actions commute if, in every state
 * in which both can be taken, neither changes whether the other can be or what it asserts, and both orders lead to the
 * same state (Valmari, "Stubborn Sets for Reduced State Space Generation", 1990; as pairs that do not commute, Laarman,
 * Pater, van de Pol and Hansen, "Guard-Based Partial-Order Reduction", STTT 2016).
 *
 * Footprints alone say that actions which touch no field of each other commute. The remaining pairs are tried on all
 * values of the fields that they read, if these are few: then a bit that each of two actions sets in one field, or the
 * value that an action needs of a program counter, is distinguished from any other.
 */

import type { Action, Invariant } from "../machine.ts";
import { failedIn, isEnabled } from "../machine.ts";
import { type Field, valuesOf } from "../search/layout.ts";
import type { Condition } from "./conditions.ts";

/** The most combinations of field values to try. If there are more, footprints alone decide. */
const MOST_TRIED = 1024;
/** Values that a condition can name. */
const NAMED = 32;

/** An action that says what it reads and writes. */
export type Declared = Action & Required<Pick<Action, "footprint">>;

/** The fields that an action reads. */
export function readsOf({ when, footprint }: Declared): ReadonlySet<Field> {
  return new Set([...when.map(({ field }) => field), ...footprint.reads]);
}

/** Bits of the values that some conditions allow a field; undefined if they do not name it. */
function allowedIn(conditions: readonly Condition[], field: Field): number | undefined {
  const on = conditions.filter((each) => each.field === field);
  return on.length === 0 ? undefined : on.reduce((bits, { allowed }) => bits & allowed, -1);
}

/** Whether some state meets all of these. */
function areCompatible(conditions: readonly Condition[]): boolean {
  return conditions.every(({ field }) => valuesIn(field, allowedIn(conditions, field)).length > 0);
}

/** The values of a field that are allowed: the first 1025 of them, of which more than can be tried is known. */
function valuesIn(field: Field, allowed: number | undefined): number[] {
  const most = Math.min(valuesOf(field.meaning), allowed === undefined ? MOST_TRIED + 1 : NAMED);
  const all = Array.from({ length: most }, (_none, value) => value);
  return allowed === undefined ? all : all.filter((value) => ((allowed >>> value) & 1) === 1);
}

/** A field, and the values of it that are tried. */
type Tried = readonly [field: Field, values: readonly number[]];

/**
 * Whether a test is true on some state with these values. Fields that are written and not read are tried with two
 * values each: an effect either keeps them or sets them to a value that does not depend on their old one, and one of
 * the two tried values differs from it. Undefined if there are too many states to try.
 *
 * A test that throws counts as false: no machine throws in a reachable state.
 */
function isTrueSomewhere(
  words: number,
  tried: readonly Tried[],
  written: readonly Field[],
  test: (state: Int32Array) => boolean,
): boolean | undefined {
  if (tried.reduce((product, [, values]) => product * values.length, 1) > MOST_TRIED) return undefined;
  const state = new Int32Array(words);
  return (written.length > 0 ? [0, 1] : [0]).some((value) => {
    for (const field of written) field.set(state, Math.min(value, valuesOf(field.meaning) - 1));
    return isTrueFrom(0, tried, state, test);
  });
}

function isTrueFrom(
  nth: number,
  tried: readonly Tried[],
  state: Int32Array,
  test: (state: Int32Array) => boolean,
): boolean {
  const next = tried[nth];
  if (next === undefined) {
    try {
      return test(state);
    } catch {
      return false;
    }
  }
  const [field, values] = next;
  return values.some((value) => {
    field.set(state, value);
    return isTrueFrom(nth + 1, tried, state, test);
  });
}

const touches = (fields: Iterable<Field>, others: ReadonlySet<Field>) =>
  [...fields].some((field) => others.has(field));
const writtenOnly = (reads: ReadonlySet<Field>, ...actions: readonly Declared[]) =>
  actions.flatMap(({ footprint }) => footprint.writes).filter((field) => !reads.has(field));

/** Whether one writes what the other reads or writes. */
function collide(one: Declared, other: Declared): boolean {
  const [reads, others] = [readsOf(one), readsOf(other)];
  const writes = new Set(one.footprint.writes);
  return (
    touches(other.footprint.writes, reads) ||
    touches(others, writes) ||
    touches(other.footprint.writes, writes)
  );
}

/** Whether two actions commute, as far as is known. */
export function commute(words: number, one: Declared, other: Declared): boolean {
  if (!collide(one, other)) return true;
  const when = [...one.when, ...other.when];
  if (!areCompatible(when)) return true;
  const reads = new Set([...readsOf(one), ...readsOf(other)]);
  const tried = [...reads].map((field): Tried => [field, valuesIn(field, allowedIn(when, field))]);
  return (
    isTrueSomewhere(words, tried, writtenOnly(reads, one, other), (state) => disagree(one, other, state)) ===
    false
  );
}

/** Whether two actions that are both enabled in a state interfere with each other. */
export function disagree(one: Action, other: Action, state: Int32Array): boolean {
  if (!isEnabled(one, state) || !isEnabled(other, state)) return false;
  const [failed, otherFailed] = [failedIn(one, state).join(), failedIn(other, state).join()];
  const [after, afterOther] = [state.slice(), state.slice()];
  if (failed === "") {
    one.effect(after);
    if (!isEnabled(other, after) || failedIn(other, after).join() !== otherFailed) return true;
  }
  if (otherFailed === "") {
    other.effect(afterOther);
    if (!isEnabled(one, afterOther) || failedIn(one, afterOther).join() !== failed) return true;
  }
  if (failed !== "" || otherFailed !== "") return false;
  other.effect(after);
  one.effect(afterOther);
  return after.some((word, at) => word !== afterOther[at]);
}

/** Whether an action may enable another. */
export function mayEnable(words: number, action: Declared, other: Declared): boolean {
  const others = readsOf(other);
  const writes = new Set(action.footprint.writes);
  if (!touches(others, writes)) return false;
  const reads = new Set([...readsOf(action), ...others]);
  const tried = [...reads].map((field): Tried => {
    const when = writes.has(field) ? action.when : [...action.when, ...other.when];
    return [field, valuesIn(field, allowedIn(when, field))];
  });
  const enables = (state: Int32Array) => {
    if (!isEnabled(action, state) || isEnabled(other, state) || failedIn(action, state).length > 0)
      return false;
    const after = state.slice();
    action.effect(after);
    return isEnabled(other, after);
  };
  return isTrueSomewhere(words, tried, writtenOnly(reads, action), enables) !== false;
}

/** By field that an action writes: for each value that the field may have had, bits of those it may change it to. */
export type Moves = ReadonlyMap<Field, Int32Array>;

/** From any value that the action can be taken with to any other. */
function anyMoves({ when, footprint }: Declared): Moves {
  return new Map(
    footprint.writes.map((field) => {
      const allowed = allowedIn(when, field) ?? -1;
      return [field, Int32Array.from({ length: NAMED }, (_none, value) => ((allowed >>> value) & 1) * -1)];
    }),
  );
}

export function movesOf(words: number, action: Declared): Moves {
  const { when, footprint } = action;
  const reads = readsOf(action);
  const moves = new Map(footprint.writes.map((field) => [field, new Int32Array(NAMED)]));
  const tried = [...reads].map((field): Tried => [field, valuesIn(field, allowedIn(when, field))]);
  const note = (state: Int32Array) => {
    if (!isEnabled(action, state) || failedIn(action, state).length > 0) return false;
    const after = state.slice();
    action.effect(after);
    for (const [field, to] of moves) {
      const [was, is] = [field.get(state), field.get(after)];
      if (was === is || is >= NAMED) continue;
      // A field that is written and not read gets that value from any old value.
      if (!reads.has(field))
        for (const at of to.keys()) to[at] = (to[at] as number) | ((1 << is) & ~(1 << at));
      else if (was < NAMED) to[was] = (to[was] as number) | (1 << is);
    }
    return false;
  };
  const known = isTrueSomewhere(words, tried, writtenOnly(reads, action), note);
  if (known === undefined) return anyMoves(action);
  // Of fields with more values than a condition can name, none is known.
  const any = anyMoves(action);
  return new Map(
    [...moves].map(([field, to]) => [
      field,
      valuesOf(field.meaning) > NAMED ? (any.get(field) as Int32Array) : to,
    ]),
  );
}

/** Bits of what a field may be changed to from one of these values. */
function from(to: Int32Array, values: number): number {
  return to.reduce((bits, after, value) => (((values >>> value) & 1) === 1 ? bits | after : bits), 0);
}

/** Whether an action with these moves may make a false condition true. */
export function mayMake(moves: Moves, { field, allowed }: Condition): boolean {
  const to = moves.get(field);
  if (to === undefined) return false;
  return valuesOf(field.meaning) > NAMED || (from(to, ~allowed) & allowed) !== 0;
}

/**
 * Whether an action may lead from a state in which an invariant does not hold to one in which it does. One that
 * may not can be put before any run into such a state.
 */
export function mayMend(action: Declared, moves: Moves, { never = [], holds, reads }: Invariant): boolean {
  if (holds !== undefined && (reads === undefined || touches(reads, new Set(action.footprint.writes))))
    return true;
  return never.some((conjunction) => {
    if (!areCompatible([...action.when, ...conjunction])) return false;
    return conjunction.some(({ field, allowed }) => {
      const to = moves.get(field);
      if (to === undefined) return false;
      return valuesOf(field.meaning) > NAMED || (from(to, allowed) & ~allowed) !== 0;
    });
  });
}
