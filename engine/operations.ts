/**
 * Guards and effects of actions, as data: every test and operation knows which fields it reads and writes, and its
 * words. An action's guard, effect, footprint and words in a program follow from a list of them.
 */
import type { Action, Assertion } from "./machine.ts";
import { type Condition, has, hasNot } from "./reduce/conditions.ts";
import { type Field, fieldText, valuesOf, valueText } from "./search/layout.ts";

type State = Int32Array;

/** A number computed from some fields. */
export interface Value {
  readonly says: string;
  readonly reads: readonly Field[];
  of(state: State): number;
}
/** A constant, the value of a field, or a computed number. */
export type Operand = number | Field | Value;

/** A question about several fields; a question about one field is a Condition. */
export interface Test {
  readonly says: string;
  readonly reads: readonly Field[];
  holds(state: State): boolean;
}
export type Guard = Condition | Test;

/** A change of a state. */
export interface Operation {
  /** Its lines in a program: none for bookkeeping of the judge. */
  readonly says: readonly string[];
  /** The values that it writes depend on these fields alone. */
  readonly reads: readonly Field[];
  readonly writes: readonly Field[];
  /** Fields of which it sets or clears some bits and keeps the others. */
  readonly keeps?: readonly Field[];
  run(state: State): void;
}
export type Operations = Operation | readonly Operations[];

/** A number computed by a function, which has to name all fields that it reads. */
export const value = (says: string, reads: readonly Field[], of: (state: State) => number): Value => ({
  says,
  reads,
  of,
});

export const plus = (one: Operand, other: Operand): Value => {
  const [a, b] = [operandOf(one), operandOf(other)];
  if (other === 0) return a;
  return value(`${a.says} + ${b.says}`, [...a.reads, ...b.reads], (state) => a.of(state) + b.of(state));
};

function operandOf(operand: Operand): Value {
  if (typeof operand === "number") return value(`${operand}`, [], () => operand);
  return "mask" in operand ? value(fieldText(operand), [operand], (state) => operand.get(state)) : operand;
}

/** A test by a function: it has to name all fields that it reads. */
export const test = (says: string, reads: readonly Field[], holds: (state: State) => boolean): Test => ({
  says,
  reads,
  holds,
});

const COMPARISONS = {
  "<": (a: number, b: number) => a < b,
  "<=": (a: number, b: number) => a <= b,
  "=": (a: number, b: number) => a === b,
  "!=": (a: number, b: number) => a !== b,
} as const;

export function compare(one: Operand, how: keyof typeof COMPARISONS, other: Operand): Test {
  const [a, b] = [operandOf(one), operandOf(other)];
  const holds = COMPARISONS[how];
  return test(`${a.says} ${how} ${b.says}`, [...a.reads, ...b.reads], (state) =>
    holds(a.of(state), b.of(state)),
  );
}

/** Any guard as a test. */
export function testOf(guard: Guard): Test {
  if (!("allowed" in guard)) return guard;
  const { field, allowed } = guard;
  const { word, shift, mask } = field;
  return test(guardText(guard), [field], (state) => {
    const is = ((state[word] as number) >>> shift) & mask;
    return is < 32 && ((allowed >>> is) & 1) === 1;
  });
}

export function not(guard: Guard): Test {
  const { says, reads, holds } = testOf(guard);
  return test(`not (${says})`, reads, (state) => !holds(state));
}

export function all(...guards: readonly Guard[]): Test {
  const tests = guards.map(testOf);
  return joined(tests, "and", (state) => {
    for (let nth = 0; nth < tests.length; nth++) if (!(tests[nth] as Test).holds(state)) return false;
    return true;
  });
}

export function any(...guards: readonly Guard[]): Test {
  const tests = guards.map(testOf);
  return joined(tests, "or", (state) => {
    for (let nth = 0; nth < tests.length; nth++) if ((tests[nth] as Test).holds(state)) return true;
    return false;
  });
}

function joined(tests: readonly Test[], word: string, holds: (state: State) => boolean): Test {
  return test(tests.map(({ says }) => says).join(` ${word} `), readsIn(tests), holds);
}

/** The same test in other words. */
export const called = (says: string, { reads, holds }: Test): Test => ({ says, reads, holds });

/** A guard in words: `purge lock is none`. */
export function guardText(guard: Guard): string {
  if (!("allowed" in guard)) return guard.says;
  const { field, allowed } = guard;
  const values = Array.from({ length: Math.min(32, valuesOf(field.meaning)) }, (_none, each) => each);
  const texts = (bit: number) =>
    values.filter((each) => ((allowed >>> each) & 1) === bit).map((each) => valueText(field, each));
  const [yes, no] = [texts(1), texts(0)];
  const [word, few] = no.length < yes.length ? ["is not", no] : ["is", yes];
  return `${fieldText(field)} ${word} ${few.join(" or ")}`;
}

/** An operation by a function: it has to name all fields that it reads and writes. */
export const does = (
  says: string,
  footprint: Pick<Operation, "reads" | "writes" | "keeps">,
  run: (state: State) => void,
): Operation => ({ says: [says], ...footprint, run });

/** The field becomes a constant, the value of another field, or a computed number. */
export function sets(field: Field, to: Operand): Operation {
  if (typeof to === "number") {
    const { word, shift, mask } = field;
    const [keep, bits] = [~(mask << shift), to << shift];
    return does(`${fieldText(field)} = ${valueText(field, to)}`, { reads: [], writes: [field] }, (state) => {
      state[word] = ((state[word] as number) & keep) | bits;
    });
  }
  const { says, reads, of } = operandOf(to);
  return does(`${fieldText(field)} = ${says}`, { reads, writes: [field] }, (state) =>
    field.set(state, of(state)),
  );
}

/** They become 0. */
export const clears = (...fields: readonly Field[]): Operation =>
  inOrder(fields.map((field) => sets(field, 0)));

export const adds = (field: Field, more: number): Operation =>
  does(
    `${fieldText(field)} ${more < 0 ? "-" : "+"}= ${Math.abs(more)}`,
    { reads: [field], writes: [field] },
    (state) => field.set(state, field.get(state) + more),
  );

/** A member joins a set that is kept as bits, or leaves it. */
export const includes = (set: Field, member: number): Operation =>
  does(`add ${member} to ${fieldText(set)}`, { reads: [], writes: [set], keeps: [set] }, (state) =>
    set.set(state, set.get(state) | (1 << member)),
  );
export const excludes = (set: Field, member: number): Operation =>
  does(`take ${member} out of ${fieldText(set)}`, { reads: [], writes: [set], keeps: [set] }, (state) =>
    set.set(state, set.get(state) & ~(1 << member)),
  );
export const isIn = (set: Field, member: number): Test =>
  test(`${member} is in ${fieldText(set)}`, [set], (state) => ((set.get(state) >>> member) & 1) === 1);

/** From a start up to an end: empty if it does not begin before it ends. */
export interface Range<Bound = Field> {
  readonly start: Bound;
  readonly end: Bound;
}

/** A range is widened to include another one. */
export function widens({ start, end }: Range, by: Range<Operand>): Operation {
  const [from, to] = [operandOf(by.start), operandOf(by.end)];
  return does(
    `widen [${fieldText(start)}, ${fieldText(end)}) by [${from.says}, ${to.says})`,
    { reads: [start, end, ...from.reads, ...to.reads], writes: [start, end] },
    (state) => {
      const [first, last] = [from.of(state), to.of(state)];
      if (first >= last) return;
      const isEmpty = start.get(state) >= end.get(state);
      start.set(state, isEmpty ? first : Math.min(start.get(state), first));
      end.set(state, isEmpty ? last : Math.max(end.get(state), last));
    },
  );
}

/** Operations where a guard holds, and others where it does not. */
export function inCase(guard: Guard, then: Operations, otherwise: Operations = []): Operation {
  const { says, reads, holds } = testOf(guard);
  const [yes, no] = [inOrder(then), inOrder(otherwise)];
  return {
    says: [
      ...(yes.says.length > 0 ? [`if ${says}:`, ...yes.says.map((line) => `  ${line}`)] : []),
      ...(no.says.length > 0 ? [`if not ${says}:`, ...no.says.map((line) => `  ${line}`)] : []),
    ],
    ...footprintOf([yes, no], reads),
    run: (state) => {
      if (holds(state)) yes.run(state);
      else no.run(state);
    },
  };
}

/** Every field among these that holds the one number becomes the other. */
export const replaces = (fields: readonly Field[], was: number, becomes: number): Operation =>
  inOrder(fields.map((field) => inCase(has(field, was), sets(field, becomes))));

/** Some of these fields hold this number; or none does. */
export const someIs = (fields: readonly Field[], is: number): Test =>
  any(...fields.map((field) => has(field, is)));
export const noneIs = (fields: readonly Field[], is: number): Test =>
  all(...fields.map((field) => hasNot(field, is)));

/**
 * Operations on the one of several things whose number a field holds, less `first`; on none if there is no such thing.
 */
export function onChosen(
  choice: Field,
  operations: readonly Operations[],
  says: string,
  first = 0,
): Operation {
  const each = operations.map(inOrder);
  return {
    says: [says],
    ...footprintOf(each, [choice]),
    run: (state) => each[choice.get(state) - first]?.run(state),
  };
}

const flat = (operations: Operations): Operation[] =>
  Array.isArray(operations) ? operations.flatMap(flat) : [operations as Operation];

/** Some operations as one. */
export function inOrder(operations: Operations): Operation {
  const each = flat(operations);
  const [only] = each;
  if (each.length === 1 && only !== undefined) return only;
  const runs = each.map(({ run }) => run);
  return {
    says: each.flatMap(({ says }) => says),
    ...footprintOf(each),
    run: (state) => {
      for (let nth = 0; nth < runs.length; nth++) (runs[nth] as Operation["run"])(state);
    },
  };
}

/** The same operations in one line of a program; without words, as for bookkeeping of the judge, in none. */
export const briefly = (says: string | undefined, operations: Operations): Operation => ({
  ...inOrder(operations),
  says: says === undefined ? [] : [says],
});

/** The footprints of some operations together, and what else is read. */
const footprintOf = (all: readonly Operation[], also: readonly Field[] = []) => ({
  reads: [...new Set([...also, ...readsIn(all)])],
  writes: [...new Set(all.flatMap(({ writes }) => writes))],
  keeps: [...new Set(all.flatMap(({ keeps = [] }) => keeps))],
});

const readsIn = (all: readonly { readonly reads: readonly Field[] }[]): Field[] => [
  ...new Set(all.flatMap(({ reads }) => reads)),
];

/** An action, as it is written down. */
export interface Written {
  readonly name: string;
  readonly when?: readonly Guard[] | undefined;
  readonly does?: Operations | undefined;
  readonly asserts?: readonly Required<Assertion>[] | undefined;
  readonly agent?: string | undefined;
}

/** The action: with its guard, effect and footprint. */
export function actionOf({ name, when = [], does: operations = [], asserts = [], agent }: Written): Action {
  const { reads, writes, keeps = [], run } = inOrder(operations);
  const guards = when.map(conditionOf);
  const isCondition = (guard: Guard): guard is Condition => "allowed" in guard;
  const conditions = guards.filter(isCondition);
  const tests = guards.filter((guard): guard is Test => !isCondition(guard));
  return {
    name,
    when: conditions,
    effect: run,
    effectReads: reads,
    ...(tests.length === 0 ? {} : { guard: all(...tests).holds, guardReads: readsIn(tests) }),
    ...(asserts.length === 0 ? {} : { asserts }),
    ...(agent === undefined ? {} : { agent }),
    footprint: { reads: readsIn([...tests, ...asserts, { reads }, { reads: keeps }]), writes },
  };
}

/** A test of one field with few values is a condition: it is looked up together with others. */
function conditionOf(guard: Guard): Guard {
  if ("allowed" in guard) return guard;
  const [field, ...others] = new Set(guard.reads);
  if (field === undefined || others.length > 0) return guard;
  const count = valuesOf(field.meaning);
  if (count > 32) return guard;
  const state = new Int32Array(field.word + 1);
  let allowed = 0;
  for (let each = 0; each < count; each++) {
    field.set(state, each);
    if (guard.holds(state)) allowed |= 1 << each;
  }
  return { field, allowed };
}
