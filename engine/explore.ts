/**
 * Breadth-first through every state of a packed machine. States are visited in the order in which they were met, so
 * the first one that breaks something is among the nearest, and its history is a shortest one.
 */
import type { Field } from "./layout.ts";
import { StateTable } from "./state-table.ts";

/** That a field has one of some values: bit n of `allowed` for value n. */
export interface Condition {
  readonly field: Field;
  readonly allowed: number;
}

/** The field has one of these values, each below 32. */
export function has(field: Field, ...values: readonly number[]): Condition {
  return { field, allowed: values.reduce((bits, value) => bits | (1 << value), 0) };
}

/** The field, of at most 32 values, has another value. */
export function hasNot(field: Field, value: number): Condition {
  return { field, allowed: ~(1 << value) };
}

/** One atomic transition. */
export interface Action {
  readonly name: string;
  /** What must hold of single fields, and beyond that. */
  readonly when: readonly Condition[];
  readonly guard?: (state: Int32Array) => boolean;
  /** Changes the state in place; its guard holds. */
  effect(state: Int32Array): void;
  /** What must hold where the guard does, if anything. */
  asserts?(state: Int32Array): boolean;
}

export interface Invariant {
  readonly id: string;
  readonly says: string;
  holds(state: Int32Array): boolean;
}

export interface PackedMachine {
  readonly name: string;
  /** Words in a state. */
  readonly words: number;
  initial(state: Int32Array): void;
  readonly actions: readonly Action[];
  readonly invariants: readonly Invariant[];
  /**
   * Makes the function that replaces a state by the one chosen of those that differ only in interchangeable names.
   * Throws a RangeError where there are too many numberings to try.
   */
  symmetry?(): (state: Int32Array) => void;
}

export interface Bounds {
  readonly states: number;
  readonly milliseconds: number;
  readonly bytes: number;
}

export interface Explored {
  readonly states: number;
  readonly edges: number;
  /** Transitions from the initial state to the last one met. */
  readonly depth: number;
  readonly verdict: "holds" | "broken" | "bounded";
  /** The invariant broken, or the action whose assertion was. */
  readonly broken: string | undefined;
  /** A shortest run from the initial state into what broke, as actions: also where states were merged. */
  readonly history: readonly string[];
  /** States in which no action is enabled. */
  readonly deadlocks: number;
  /** How often each action fired, by name. */
  readonly fired: ReadonlyMap<string, number>;
  readonly reduced: boolean;
  readonly bytes: number;
  readonly seconds: number;
}

export interface ExploreOptions {
  readonly bounds: Bounds;
  readonly symmetry: boolean;
}

/** How far an exploration has come. */
export interface Progress {
  readonly states: number;
  readonly depth: number;
  /** States met and not yet visited. */
  readonly queue: number;
}

/** States between two looks at the clock. */
const TURN = 4096;

/** The whole exploration at once. */
export function explore(machine: PackedMachine, options: ExploreOptions): Explored {
  const work = exploring(machine, options);
  for (;;) {
    const { done, value } = work.next(false);
    if (done) return value;
  }
}

/** The same in turns of a few milliseconds. Sent true after one, it ends there, as at a bound. */
export function* exploring(
  machine: PackedMachine,
  { bounds, symmetry }: ExploreOptions,
): Generator<Progress, Explored, boolean> {
  const started = performance.now();
  const { words, actions, invariants } = machine;
  const canonical = symmetry ? machine.symmetry?.() : undefined;
  const table = new StateTable(words);
  const state = new Int32Array(words);
  const next = new Int32Array(words);
  const fired = new Float64Array(actions.length);
  const tests = new ConditionTable(actions);
  machine.initial(state);
  canonical?.(state);
  table.add(state, -1, 0);
  let edges = 0;
  let deadlocks = 0;
  let depth = 0;
  let levelEnd = 1;
  let broken = invariants.find((invariant) => !invariant.holds(state))?.id;
  let history: number[] = [];
  let bounded = false;
  let head = 0;
  for (; head < table.count && broken === undefined; head++) {
    if (head === levelEnd) {
      depth += 1;
      levelEnd = table.count;
    }
    if (head % TURN === 0 && head > 0) {
      const stop = yield { states: table.count, depth, queue: table.count - head };
      bounded =
        stop ||
        table.count > bounds.states ||
        table.bytes > bounds.bytes ||
        performance.now() - started > bounds.milliseconds;
      if (bounded) break;
    }
    table.read(head, state);
    let enabled = false;
    for (let action = 0; action < actions.length; action++) {
      if (!tests.hold(action, state)) continue;
      const { guard, effect, asserts } = actions[action] as Action;
      if (guard !== undefined && !guard(state)) continue;
      enabled = true;
      edges += 1;
      fired[action] = (fired[action] as number) + 1;
      if (asserts !== undefined && !asserts(state)) {
        broken = (actions[action] as Action).name;
        history = runTo(machine, table, head, canonical);
        history.push(assertedAfter(machine, history));
        break;
      }
      for (let word = 0; word < words; word++) next[word] = state[word] as number;
      effect(next);
      canonical?.(next);
      const met = table.add(next, head, action);
      if (met >= 0) continue;
      const wrong = brokenInvariant(invariants, next);
      if (wrong === undefined) continue;
      broken = wrong;
      history = runTo(machine, table, -1 - met, canonical);
      break;
    }
    if (!enabled) deadlocks += 1;
  }
  return {
    states: table.count,
    edges,
    depth,
    verdict: broken !== undefined ? "broken" : bounded ? "bounded" : "holds",
    broken,
    history: history.map((action) => (actions[action] as Action).name),
    deadlocks,
    fired: new Map(actions.map(({ name }, action) => [name, fired[action] as number])),
    reduced: canonical !== undefined,
    bytes: table.bytes,
    seconds: (performance.now() - started) / 1000,
  };
}

/** Whether an action may be taken now. */
export function isEnabled({ when, guard }: Action, state: Int32Array): boolean {
  const holds = when.every(({ field, allowed }) => ((allowed >>> field.get(state)) & 1) === 1);
  return holds && (guard?.(state) ?? true);
}

/**
 * The conditions of all actions in one flat array. Most actions are not enabled in most states, and a call of a
 * function each to find that out was slower: this way a third more states are visited in a second.
 */
class ConditionTable {
  /** Four numbers a condition: word, shift, mask, allowed. */
  readonly #numbers: Int32Array;
  /** Where an action's conditions begin; they end where the next one's do. */
  readonly #begins: Int32Array;

  constructor(actions: readonly Action[]) {
    const all = actions.flatMap(({ when }) =>
      when.flatMap(({ field: { word, shift, mask }, allowed }) => [word, shift, mask, allowed]),
    );
    this.#numbers = Int32Array.from(all);
    this.#begins = new Int32Array(actions.length + 1);
    for (const [action, { when }] of actions.entries()) {
      this.#begins[action + 1] = (this.#begins[action] as number) + 4 * when.length;
    }
  }

  hold(action: number, state: Int32Array): boolean {
    const numbers = this.#numbers;
    const end = this.#begins[action + 1] as number;
    for (let at = this.#begins[action] as number; at < end; at += 4) {
      const value =
        ((state[numbers[at] as number] as number) >>> (numbers[at + 1] as number)) &
        (numbers[at + 2] as number);
      if ((((numbers[at + 3] as number) >>> value) & 1) === 0) return false;
    }
    return true;
  }
}

function brokenInvariant(invariants: readonly Invariant[], state: Int32Array): string | undefined {
  for (const invariant of invariants) if (!invariant.holds(state)) return invariant.id;
  return undefined;
}

/**
 * The actions of a run into a state, first to last. Where states were merged, those on the way are only stand-ins:
 * the run is found again from the initial state, by whichever action leads to one that the next stands for.
 */
function runTo(
  machine: PackedMachine,
  table: StateTable,
  number: number,
  canonical: ((state: Int32Array) => void) | undefined,
): number[] {
  const numbers: number[] = [];
  for (let at = number; at > 0; at = table.parents[at] as number) numbers.unshift(at);
  if (canonical === undefined) return numbers.map((at) => table.actions[at] as number);
  const { words, actions } = machine;
  const [state, next, form, wanted] = Array.from({ length: 4 }, () => new Int32Array(words)) as [
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
  ];
  machine.initial(state);
  return numbers.map((at) => {
    table.read(at, wanted);
    const action = actions.findIndex((each) => {
      if (!isEnabled(each, state)) return false;
      next.set(state);
      each.effect(next);
      form.set(next);
      canonical(form);
      return form.every((word, nth) => word === wanted[nth]);
    });
    if (action < 0)
      throw new Error(`${machine.name}: its symmetry is not one, or its canonical form is wrong`);
    state.set(next);
    return action;
  });
}

/** The action whose assertion fails at the end of a run. */
function assertedAfter({ words, actions, initial }: PackedMachine, run: readonly number[]): number {
  const state = new Int32Array(words);
  initial(state);
  for (const action of run) (actions[action] as Action).effect(state);
  return actions.findIndex((each) => isEnabled(each, state) && each.asserts?.(state) === false);
}
