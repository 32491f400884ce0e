/** A machine as guarded actions on packed states: how protocols are written. */
import { ENDS, push } from "./batch.ts";
import type { Reached, Visitable } from "./explore.ts";
import type { Field } from "./layout.ts";

/** That a field has one of some values: bit n of `allowed` for value n. */
export interface Condition {
  readonly field: Field;
  readonly allowed: number;
}

/** The field has one of these values, each below 32. */
export function has(field: Field, ...values: readonly number[]): Condition {
  return { field, allowed: values.reduce((bits, value) => bits | (1 << value), 0) };
}

/** The field, of at most 32 values, has none of these. */
export function hasNot(field: Field, ...values: readonly number[]): Condition {
  return { field, allowed: ~has(field, ...values).allowed };
}

/** What asking an action came to, in place of what it broke: it cannot be taken. */
const DISABLED = -1;

/** One atomic transition. */
export interface Action {
  readonly name: string;
  /** What must hold of single fields, and beyond that. */
  readonly when: readonly Condition[];
  readonly guard?: (state: Int32Array) => boolean;
  /** Changes the state in place; its guard holds. */
  effect(state: Int32Array): void;
  /**
   * All fields on whose values it depends what the effect does, if that is to give bits a value and to leave the
   * others as they are. Then it is looked up and not called, where these fields are near each other.
   */
  readonly reads?: readonly Field[];
  /** What must hold where the guard does, if anything. */
  asserts?(state: Int32Array): boolean;
}

/** What holds in every state: none of these conjunctions is ever true, and what is asked beyond that is. */
export interface Invariant {
  readonly id: string;
  readonly says: string;
  readonly never?: readonly (readonly Condition[])[];
  readonly holds?: (state: Int32Array) => boolean;
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

/**
 * The machine as an explorer visits it: its laws are its invariants, and the assertions of its actions by their
 * names. With symmetry, states that differ only in interchangeable names are merged.
 */
export function visitActions(
  machine: PackedMachine,
  { symmetry }: { readonly symmetry: boolean },
): Visitable {
  const { words, actions, invariants, initial } = machine;
  const canonical = symmetry ? machine.symmetry?.() : undefined;
  const asserting = actions.filter(({ asserts }) => asserts !== undefined);
  const laws = [
    ...invariants,
    ...asserting.map(({ name }) => ({ id: name, says: `What ${name} asserts holds.` })),
  ];
  const lawOf = actions.map((action) =>
    action.asserts === undefined ? -1 : invariants.length + asserting.indexOf(action),
  );
  const enabled = new ConditionTable(actions.map(({ when }) => when));
  const { places, masks } = new EffectTable(actions, words);
  const effects = actions.map((action) => action.effect);
  const guards = actions.map(({ guard }) => guard);
  const assertions = actions.map(({ asserts }) => asserts);
  const asks = Uint8Array.from(actions, ({ guard, asserts }) => ((guard ?? asserts) === undefined ? 0 : 1));
  const nevers = invariants.flatMap(({ never = [] }, law) =>
    never.map((conjunction) => ({ conjunction, law })),
  );
  const forbidden = new ConditionTable(nevers.map(({ conjunction }) => conjunction));
  const asking = invariants.flatMap(({ holds }, law) => (holds === undefined ? [] : [{ holds, law }]));
  const [state, next] = [new Int32Array(words), new Int32Array(words)];

  /** What the guard and the assertion of an action say of the state. */
  const ask = (index: number): number => {
    const [guard, assertion] = [guards[index], assertions[index]];
    if (guard !== undefined && !guard(state)) return DISABLED;
    return assertion === undefined || assertion(state) ? 0 : ENDS | (1 << (lawOf[index] as number));
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

  const brokenIn = (forms: Int32Array, at: number): number => {
    let broken = 0;
    if (forbidden.find(forms, at)) {
      for (const [nth, { law }] of nevers.entries()) if (forbidden.found(nth)) broken |= 1 << law;
    }
    if (asking.length > 0) {
      for (let word = 0; word < words; word++) next[word] = forms[at + word] as number;
      for (const { holds, law } of asking) if (!holds(next)) broken |= 1 << law;
    }
    return broken;
  };

  return {
    name: machine.name,
    words,
    actions: actions.map(({ name }) => name),
    laws,
    reductions: canonical === undefined ? [] : ["symmetry"],
    begin: (form) => {
      initial(state);
      canonical?.(state);
      form.set(state);
    },
    expand: (number, reached, batch) => {
      reached.read(number, state);
      if (!enabled.find(state, 0)) return;
      const { set } = enabled;
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
    },
    brokenIn,
    run: (numbers, reached, law, action) => {
      if (canonical === undefined)
        return [...numbers.slice(1).map((at) => reached.actions[at] as number), action];
      const [run, last] = realRun(machine, canonical, numbers, reached);
      run.push(actions.findIndex((each, index) => isEnabled(each, last) && breaks(each, index, last, law)));
      return run;
    },
  };

  function breaks(action: Action, index: number, from: Int32Array, law: number): boolean {
    if (lawOf[index] === law) return action.asserts?.(from) === false;
    const after = from.slice();
    action.effect(after);
    const invariant = invariants[law];
    return invariant !== undefined && !holdsIn(invariant, after);
  }
}

/** Whether an action may be taken now. */
export function isEnabled({ when, guard }: Action, state: Int32Array): boolean {
  return meets(state, when) && (guard?.(state) ?? true);
}

/** Whether an invariant holds in a state. */
export function holdsIn({ never = [], holds }: Invariant, state: Int32Array): boolean {
  return !never.some((conjunction) => meets(state, conjunction)) && (holds?.(state) ?? true);
}

/** Whether all these conditions hold in a state. */
export function meets(state: Int32Array, conditions: readonly Condition[]): boolean {
  return conditions.every(({ field, allowed }) => allows(allowed, field.get(state)));
}

const allows = (allowed: number, value: number) => value < 32 && ((allowed >>> value) & 1) === 1;

/**
 * Where states were merged, those on the way are only stand-ins: the run is found again from the initial state, by
 * whichever action leads to one that the next stands for. The actions, and the state they lead to.
 */
function realRun(
  { name, words, actions, initial }: PackedMachine,
  canonical: (state: Int32Array) => void,
  numbers: readonly number[],
  reached: Reached,
): [number[], Int32Array] {
  const state = new Int32Array(words);
  const next = new Int32Array(words);
  const form = new Int32Array(words);
  initial(state);
  const run = numbers.slice(1).map((number) => {
    const action = actions.findIndex((each) => {
      if (!isEnabled(each, state)) return false;
      next.set(state);
      each.effect(next);
      form.set(next);
      canonical(form);
      return reached.is(number, form);
    });
    if (action < 0) throw new Error(`${name}: its symmetry is not one, or its canonical form is wrong`);
    state.set(next);
    return action;
  });
  return [run, state];
}

/** Bits of a state looked up at a time, if its fields allow, and bits of the widest field of a condition. */
const [USUAL, WIDEST] = [8, 16];

/** Some bits of a word. */
interface Run {
  readonly word: number;
  readonly shift: number;
  readonly bits: number;
}

/** The fewest runs that hold these fields, each of at most eight bits but for fields that are wider. */
function runsOf(fields: readonly Field[]): Run[] {
  const runs: Run[] = [];
  for (const { word, shift, mask } of fields.toSorted((a, b) => a.word - b.word || a.shift - b.shift)) {
    const bits = 32 - Math.clz32(mask);
    const last = runs.at(-1);
    const together = last === undefined ? 0 : Math.max(last.bits, shift + bits - last.shift);
    if (last?.word === word && together <= Math.max(USUAL, last.bits)) {
      runs[runs.length - 1] = { word, shift: last.shift, bits: together };
    } else runs.push({ word, shift, bits });
  }
  return runs;
}

/**
 * Which of some conjunctions of conditions are true in a state. Each condition is on one field, so a few fields
 * together leave some conjunctions possible, looked up by their bits: true are those that all leave possible.
 * For all actions of a protocol that is ten reads and no branch, in place of a hundred of each: states were expanded
 * in half the time.
 */
export class ConditionTable {
  /** Those found last: a bit each. */
  readonly set: Int32Array;
  /** Those without conditions among them. */
  readonly #all: Int32Array;
  /** Four numbers for each run of bits: its word, shift and mask, and where its sets begin. */
  readonly #runs: Int32Array;
  readonly #sets: Int32Array;

  /** Throws a RangeError for a condition on a field of more than 16 bits. */
  constructor(conjunctions: readonly (readonly Condition[])[]) {
    const runs: number[] = [];
    const sets: number[] = [];
    for (const { word, shift, bits } of runsOf(conjunctions.flat().map(({ field }) => field))) {
      if (bits > WIDEST) throw new RangeError(`conditions on a field of ${bits} bits: ${WIDEST} at most`);
      runs.push(word, shift, 2 ** bits - 1, sets.length);
      const onRun = conjunctions.map((conjunction) =>
        conjunction.filter(({ field }) => field.word === word && (field.shift - shift) >>> 0 < bits),
      );
      for (let value = 0; value < 2 ** bits; value++) {
        const state = new Int32Array(word + 1);
        state[word] = value << shift;
        sets.push(...bitsOf(onRun.map((conditions) => meets(state, conditions))));
      }
    }
    this.#all = bitsOf(conjunctions.map(() => true));
    this.set = this.#all.slice();
    this.#runs = Int32Array.from(runs);
    this.#sets = Int32Array.from(sets);
  }

  /** Finds those that are true in the state whose words begin there. False if none is. */
  find(states: Int32Array, at: number): boolean {
    const { set } = this;
    const all = this.#all;
    const runs = this.#runs;
    const sets = this.#sets;
    const size = set.length;
    for (let part = 0; part < size; part++) set[part] = all[part] as number;
    for (let nth = 0; nth < runs.length; nth += 4) {
      const read = (states[at + (runs[nth] as number)] as number) >>> (runs[nth + 1] as number);
      const base = (runs[nth + 3] as number) + (read & (runs[nth + 2] as number)) * size;
      for (let part = 0; part < size; part++) {
        set[part] = (set[part] as number) & (sets[base + part] as number);
      }
    }
    let some = 0;
    for (let part = 0; part < size; part++) some |= set[part] as number;
    return some !== 0;
  }

  /** Whether this one is among those found. */
  found(nth: number): boolean {
    return (((this.set[nth >>> 5] as number) >>> (nth & 31)) & 1) === 1;
  }
}

function bitsOf(flags: readonly boolean[]): Int32Array {
  const bits = new Int32Array(Math.ceil(flags.length / 32));
  for (const [nth, flag] of flags.entries()) {
    if (flag) bits[nth >>> 5] = (bits[nth >>> 5] as number) | (1 << (nth & 31));
  }
  return bits;
}

/** Other bits than those read, in which the effects looked up are tried. */
const OTHERS: readonly number[] = [0x5555_5555, 0x3333_3333, 0x0f0f_0f0f, 0x00ff_00ff];

/**
 * What actions do, looked up by the bits that they read: which bits stay and which are set. It is made from their
 * effects, on states that have all zeros and all ones beside those bits.
 */
export class EffectTable {
  /** Four numbers for each action: word, shift and mask of what it reads, and where its masks begin; -1 to call it. */
  readonly places: Int32Array;
  /** For each word two: the bits that stay, and those that are set. */
  readonly masks: Int32Array;

  /** Throws an Error where an effect depends on other fields than its action says. */
  constructor(actions: readonly Action[], words: number) {
    const places: number[] = [];
    const masks: number[] = [];
    for (const action of actions) {
      const runs = action.reads === undefined ? [] : runsOf(action.reads);
      const [run = { word: 0, shift: 0, bits: 0 }] = runs;
      const called = action.reads === undefined || runs.length > 1 || run.bits > USUAL;
      places.push(run.word, run.shift, 2 ** run.bits - 1, called ? -1 : masks.length);
      if (called) continue;
      for (let value = 0; value < 2 ** run.bits; value++) masks.push(...masksOf(action, words, run, value));
    }
    this.places = Int32Array.from(places);
    this.masks = Int32Array.from(masks);
  }
}

function masksOf({ name, effect }: Action, words: number, run: Run, value: number): number[] {
  const before = (others: number) => {
    const state = new Int32Array(words).fill(others);
    const mask = (2 ** run.bits - 1) << run.shift;
    state[run.word] = (others & ~mask) | (value << run.shift);
    return state;
  };
  const after = (others: number) => {
    const state = before(others);
    effect(state);
    return state;
  };
  const set = after(0);
  const stays = after(-1).map((word, at) => word & ~(set[at] as number));
  for (const others of OTHERS.flatMap((bits) => [bits, ~bits])) {
    const expected = before(others).map((word, at) => (word & (stays[at] as number)) | (set[at] as number));
    if (expected.join() !== after(others).join()) {
      throw new Error(`${name}: what it does depends on more than the fields it says it reads`);
    }
  }
  return Array.from(set, (bits, at) => [stays[at] as number, bits]).flat();
}
