/** The canonical form, compared with plainly written renumberings, and with published counts. */
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { type Field, type IndexSet, indexOf, Layout, type Meaning, plain, setOf } from "../search/layout.ts";
import { canonicalForm } from "./symmetry.ts";

/** Fields as they are declared: one alone, one for each member of a set, or one for each pair. */
interface Declared {
  readonly over: readonly IndexSet[];
  readonly meaning: Meaning;
}

/** Where each member of a set goes, for every set. */
type Numbering = ReadonlyMap<IndexSet, readonly number[]>;
/** A state by its declarations: the value at each member or pair, in order. */
type Values = readonly (readonly number[])[];
type Form = (state: Int32Array) => void;

const upTo = (count: number) => Array.from({ length: count }, (_none, at) => at);
const sizeOf = ({ over }: Declared) => over.reduce((product, { size }) => product * size, 1);

/** A layout, with its states written and renumbered by its declarations alone. */
class Shape {
  readonly layout = new Layout();
  readonly numberings: readonly Numbering[];
  readonly #declared: readonly Declared[];
  readonly #fields: readonly (readonly Field[])[];

  constructor(sets: readonly IndexSet[], declared: readonly Declared[]) {
    this.#declared = declared;
    this.#fields = declared.map(({ over: [rows, columns], meaning }, nth) => {
      if (rows === undefined) return [this.layout.field(`f${nth}`, meaning)];
      if (columns === undefined) return this.layout.array(`f${nth}`, rows, meaning);
      return this.layout.table(`f${nth}`, rows, columns, meaning).flat();
    });
    this.numberings = numberingsOf(sets);
  }

  state(values: Values): Int32Array {
    const state = new Int32Array(this.layout.words);
    for (const [nth, fields] of this.#fields.entries()) {
      for (const [at, field] of fields.entries()) field.set(state, values[nth]?.[at] as number);
    }
    return state;
  }

  renumbered(values: Values, numbering: Numbering): Values {
    const goesTo = (set: IndexSet, index: number) => numbering.get(set)?.[index] as number;
    return this.#declared.map(({ over, meaning }, nth) => {
      const result = values[nth]?.slice() as number[];
      for (const [at, value] of values[nth]?.entries() ?? []) {
        const [rows, columns] = over;
        const width = columns?.size ?? 1;
        const row = rows === undefined ? 0 : goesTo(rows, Math.floor(at / width));
        const column = columns === undefined ? 0 : goesTo(columns, at % width);
        result[row * width + column] = renamed(meaning, value, goesTo);
      }
      return result;
    });
  }

  /** The state in every numbering, as text. */
  orbit(values: Values): string[] {
    return this.numberings.map((numbering) => this.state(this.renumbered(values, numbering)).join());
  }
}

function renamed(meaning: Meaning, value: number, goesTo: (set: IndexSet, index: number) => number): number {
  if (meaning.kind === "plain") return value;
  if (meaning.kind === "index") return value === 0 ? 0 : goesTo(meaning.of, value - 1) + 1;
  const members = upTo(meaning.of.size).filter((index) => ((value >> index) & 1) === 1);
  return members.reduce((bits, index) => bits | (1 << goesTo(meaning.of, index)), 0);
}

function numberingsOf(sets: readonly IndexSet[]): Numbering[] {
  const none: Numbering[] = [new Map()];
  return sets.reduce(
    (all, set) => all.flatMap((some) => ordersOf(set.size).map((order) => new Map(some).set(set, order))),
    none,
  );
}

function ordersOf(size: number): number[][] {
  if (size === 0) return [[]];
  return ordersOf(size - 1).flatMap((rest) => upTo(size).map((at) => rest.toSpliced(at, 0, size - 1)));
}

function formOf(form: Form, state: Int32Array): string {
  const result = state.slice();
  form(result);
  return result.join();
}

/** The plain form, for comparison: the first of all numberings as text. */
const plainForm = (shape: Shape, values: Values) => shape.orbit(values).sort()[0] as string;

/** The numberings of a state that a form takes for another state. */
function toldApart(form: Form, shape: Shape, values: Values): Numbering[] {
  const expected = formOf(form, shape.state(values));
  return shape.numberings.filter(
    (numbering) => formOf(form, shape.state(shape.renumbered(values, numbering))) !== expected,
  );
}

function anyMeaning(sets: readonly IndexSet[]): fc.Arbitrary<Meaning> {
  const set = fc.constantFrom(...sets);
  return fc.oneof(
    fc.constantFrom(1, 2, 3, 5, 256, 1000, 2 ** 20).map(plain),
    set.map(indexOf),
    set.map(setOf),
  );
}

/** Small numbers mostly: states in which members look alike are the hard ones. */
function anyValue(meaning: Meaning): fc.Arbitrary<number> {
  if (meaning.kind === "index") return fc.nat(meaning.of.size);
  if (meaning.kind === "set") return fc.nat(2 ** meaning.of.size - 1);
  return fc.oneof(
    { weight: 3, arbitrary: fc.nat(Math.min(1, meaning.values - 1)) },
    fc.nat(meaning.values - 1),
  );
}

/** Any shape of one to three sets of one to three members, and states of it. */
const anyStates = (count: number) =>
  fc
    .array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 })
    .map((sizes) => sizes.map((size, nth) => ({ name: `set ${nth}`, size })))
    .chain((sets) => {
      const over = fc.array(fc.constantFrom(...sets), { maxLength: 2 });
      const declared = fc.record({ over, meaning: anyMeaning(sets) });
      return fc.tuple(fc.constant(sets), fc.array(declared, { minLength: 1, maxLength: 5 }));
    })
    .chain(([sets, declared]) => {
      const values = declared.map((each) => {
        const length = sizeOf(each);
        return fc.array(anyValue(each.meaning), { minLength: length, maxLength: length });
      });
      const states = fc.array(fc.tuple(...values), { minLength: count, maxLength: count });
      return fc.record({ shape: fc.constant(new Shape(sets, declared)), states });
    });

describe("the canonical form in any layout", () => {
  test.prop([anyStates(1)])("is one for all numberings of a state", ({ shape, states: [values] }) => {
    expect(toldApart(canonicalForm(shape.layout), shape, values as Values)).toEqual([]);
  });

  test.prop([anyStates(1)])("is a numbering of the state itself", ({ shape, states: [values] }) => {
    const form = formOf(canonicalForm(shape.layout), shape.state(values as Values));
    expect(shape.orbit(values as Values)).toContain(form);
  });

  test.prop([anyStates(1)])("is its own canonical form", ({ shape, states: [values] }) => {
    const canonical = canonicalForm(shape.layout);
    const form = shape.state(values as Values);
    canonical(form);
    expect(formOf(canonical, form)).toBe(form.join());
  });

  test.prop([anyStates(6), fc.array(fc.nat(), { minLength: 6, maxLength: 6 })])(
    "merges the states that the plain form merges",
    ({ shape, states }, picks) => {
      const others = states.map((values, nth) => {
        const pick = (picks[nth] as number) % shape.numberings.length;
        return shape.renumbered(values, shape.numberings[pick] as Numbering);
      });
      const canonical = canonicalForm(shape.layout);
      const merged = (forms: readonly string[]) => forms.map((form) => forms.indexOf(form));
      const all = [...states, ...others];
      expect(merged(all.map((values) => formOf(canonical, shape.state(values))))).toEqual(
        merged(all.map((values) => plainForm(shape, values))),
      );
    },
  );
});

describe("the check that numberings are not distinguished", () => {
  const [few, many] = [
    { name: "few", size: 2 },
    { name: "many", size: 3 },
  ];
  const shape = new Shape(
    [few, many],
    [
      { over: [few], meaning: plain(2) },
      { over: [few, many], meaning: indexOf(many) },
    ],
  );
  const values = [
    [0, 1],
    [1, 0, 0, 0, 2, 2],
  ];

  test("passes the canonical form", () => {
    expect(toldApart(canonicalForm(shape.layout), shape, values)).toEqual([]);
  });

  test("finds a form that numbers one set anew and forgets the other", () => {
    // The same bits: the form does not see what is different.
    const forgetful = new Layout();
    forgetful.array("f0", few, plain(2));
    forgetful.array("f1", few, plain(4 ** many.size));
    const apart = toldApart(canonicalForm(forgetful), shape, values);
    expect(apart).toHaveLength(10);
    expect(apart.map((numbering) => numbering.get(many))).not.toContainEqual([0, 1, 2]);
  });

  test("finds a form that leaves states as they are", () => {
    expect(toldApart(() => {}, shape, values)).toHaveLength(11);
  });
});

describe("the canonical forms of all states are as many as there are", () => {
  /** Forms of all states of a layout of one word. */
  function countForms(declare: (layout: Layout) => void): number {
    const layout = new Layout();
    declare(layout);
    const canonical = canonicalForm(layout);
    const forms = new Set<number>();
    const state = new Int32Array(layout.words);
    const visit = (nth: number, word: number): void => {
      const field = layout.fields[nth];
      if (field === undefined) {
        state[0] = word;
        canonical(state);
        forms.add(state[0]);
        return;
      }
      const { meaning, mask, shift } = field;
      const most = meaning.kind === "index" ? meaning.of.size : mask;
      for (let value = 0; value <= most; value++) visit(nth + 1, word | (value << shift));
    };
    visit(0, 0);
    expect(layout.words).toBe(1);
    return forms.size;
  }
  const things = (size: number) => ({ name: "things", size });

  test.each([
    [1, 2],
    [2, 10],
    [3, 104],
    [4, 3044],
  ])("relations on %d things: %d (OEIS A000595)", (size, count) => {
    const set = things(size);
    expect(countForms((layout) => layout.table("related", set, set, plain(2)))).toBe(count);
    expect(countForms((layout) => layout.array("related", set, setOf(set)))).toBe(count);
  });

  test.each([
    [1, 2],
    [2, 6],
    [3, 16],
    [4, 45],
    [5, 121],
    [6, 338],
  ])("partial functions from %d things to themselves: %d (OEIS A126285)", (size, count) => {
    const set = things(size);
    expect(countForms((layout) => layout.array("next", set, indexOf(set)))).toBe(count);
  });

  test.each([
    [1, 2],
    [2, 7],
    [3, 36],
    [4, 317],
  ])("binary matrices of %d rows and columns: %d (OEIS A002724)", (size, count) => {
    const [rows, columns] = [things(size), things(size)];
    expect(countForms((layout) => layout.table("entry", rows, columns, plain(2)))).toBe(count);
  });
});

describe("the numberings of a layout", () => {
  const ofSize = (size: number) => {
    const layout = new Layout();
    layout.array("at", { name: "things", size }, plain(4));
    return layout;
  };

  test("may be 40,320, all of which are tried where all things look alike", () => {
    const state = new Int32Array(1);
    expect(formOf(canonicalForm(ofSize(8)), state)).toBe("0");
  });

  test("may not be more", () => {
    expect(() => canonicalForm(ofSize(9))).toThrow("things can be numbered in 362880 ways, more than 40320");
  });

  test("may be one, and then every state stands for itself", () => {
    const state = Int32Array.of(3);
    expect(formOf(canonicalForm(ofSize(1)), state)).toBe("3");
    expect(formOf(canonicalForm(new Layout()), new Int32Array(0))).toBe("");
  });
});
