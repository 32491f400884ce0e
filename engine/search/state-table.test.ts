/** Each fast table is compared with the plain code that it replaces. */
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { lazyUnmap } from "../../protocols/vmap/lazy-unmap.ts";
import { holdsIn, visitActions } from "../actions.ts";
import { BOUNDS, IS_WHOLE, quickly } from "../bounds.testing.ts";
import type { PackedMachine } from "../machine.ts";
import { failedIn, isEnabled } from "../machine.ts";
import { actionOf, sets } from "../operations.ts";
import { ConditionTable, has, meets } from "../reduce/conditions.ts";
import { EffectTable } from "../reduce/effects.ts";
import { ENDS, emptyBatch, push } from "./batch.ts";
import { explore } from "./explore.ts";
import { hash } from "./hash.ts";
import { Layout, plain } from "./layout.ts";
import { StateTable } from "./state-table.ts";

const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const BATCH = 100;

/** Puts forms into a table, some hundred at a time; no state follows the marked ones. Returns which were new. */
function addAll(
  table: StateTable,
  forms: readonly (readonly number[])[],
  ends: (nth: number) => boolean,
): number[] {
  const added: number[] = [];
  const batch = emptyBatch(table.words, BATCH);
  for (let first = 0; first < forms.length; first += BATCH) {
    batch.count = 0;
    for (const [at, form] of forms.slice(first, first + BATCH).entries()) {
      batch.forms.set(form, batch.count * table.words);
      push(batch, first + at - 1, (first + at) & 0xffff, ends(first + at) ? ENDS : 0);
    }
    table.addAll(batch);
    for (let at = 0; at < batch.count; at++) if (batch.isNew[at] === 1) added.push(first + at);
  }
  return added;
}

/** The same by a Map. */
function newOnes(forms: readonly (readonly number[])[], ends: (nth: number) => boolean): number[] {
  const known = new Map<string, number>();
  for (const [nth, form] of forms.entries()) {
    if (!ends(nth) && !known.has(form.join())) known.set(form.join(), nth);
  }
  return [...known.values()];
}

function expectSame(
  words: number,
  forms: readonly (readonly number[])[],
  ends = (_nth: number) => false,
): void {
  const table = new StateTable(words, 2);
  const added = addAll(table, forms, ends);
  expect(added).toEqual(newOnes(forms, ends));
  expect(table.count).toBe(added.length);
  const read = new Int32Array(words);
  for (const [number, nth] of added.entries()) {
    const form = forms[nth] as readonly number[];
    table.read(number, read);
    expect([...read]).toEqual(form);
    expect(table.find(read)).toBe(number);
    expect([table.parents[number], table.actions[number]]).toEqual([nth - 1, nth & 0xffff]);
  }
}

describe("a table of states", () => {
  // Two words are looked for by a function of their own.
  describe.each([1, 2, 3, 7])("of %i words", (words) => {
    const form = fc.tuple(fc.nat(3), ...Array.from({ length: words - 1 }, () => fc.oneof(fc.nat(40), word)));
    const forms = fc.array(form, { maxLength: 3000, size: "max" });

    test.prop([forms, fc.integer({ min: 2, max: 50 })], { numRuns: quickly(20) })(
      "numbers states as a Map does, and gives them back",
      (some, nth) => expectSame(words, some, (at) => at % nth === 1),
    );

    test("keeps the states that were replaced in the cache of recent ones", () => {
      const counted = Array.from({ length: 70_000 }, (_none, at) => [at, ...Array(words - 1).fill(at)]);
      const table = new StateTable(words);
      const added = addAll(table, [...counted, ...counted], () => false);
      expect([added.length, added.findIndex((number, nth) => number !== nth)]).toEqual([counted.length, -1]);
    });

    test("does not report an unknown state as found", () => {
      for (const value of [0, 1, 2, -1]) {
        const table = new StateTable(words);
        expect(table.find(new Int32Array(words).fill(value))).toBeLessThan(0);
        expect(addAll(table, [Array(words).fill(value)], () => false)).toEqual([0]);
      }
    });
  });

  test.prop([fc.uniqueArray(word, { minLength: 2, maxLength: 300 }), word])(
    "distinguishes states of the same hash",
    (firsts, second) => {
      const hashOf = (...form: number[]) => hash(Int32Array.from(form), 0, form.length);
      const [some = 0] = firsts;
      const forms = firsts.map((first) => [first, second ^ hashOf(some) ^ hashOf(first)]);
      expect(new Set(forms.map((form) => hashOf(...form))).size).toBe(1);
      expectSame(2, [...forms, ...forms]);
    },
  );
});

describe("a table of conditions", () => {
  const layout = new Layout();
  const fields = [2, 3, 4, 200, 1000, 5, 32, 8, 2, 2, 20, 2 ** 12].map((values, nth) =>
    layout.field(`f${nth}`, plain(values)),
  );
  const condition = fc.record({ field: fc.constantFrom(...fields), allowed: word });
  const conjunctions = fc.array(fc.array(condition, { maxLength: 4 }), { maxLength: 80 });
  const state = fc.array(word, { minLength: layout.words, maxLength: layout.words });

  test.prop([conjunctions, fc.array(state, { minLength: 1, maxLength: 10 })])(
    "finds those that are true",
    (all, states) => {
      const table = new ConditionTable(all);
      const flat = Int32Array.from(states.flat());
      for (const [nth, words] of states.entries()) {
        const expected = all.map((conditions) => meets(Int32Array.from(words), conditions));
        expect(table.find(flat, nth * layout.words)).toBe(expected.includes(true));
        expect(all.map((_conditions, at) => table.found(at))).toEqual(expected);
      }
    },
  );

  test("refuses a field that is too wide", () => {
    const wide = new Layout().field("wide", plain(2 ** 17));
    expect(() => new ConditionTable([[has(wide, 1)]])).toThrow(
      "conditions on a field of 17 bits: 16 at most",
    );
  });
});

/** A plain version of the explorer: every state in the order in which it is found, and all transitions. */
function plainly({ words, initial, actions, invariants }: PackedMachine) {
  const first = new Int32Array(words);
  initial(first);
  const known = new Set([first.join()]);
  const states = [first];
  const fired = actions.map(() => 0);
  const violated = new Set<string>();
  for (const state of states) {
    for (const { id, ...law } of invariants) if (!holdsIn({ id, ...law }, state)) violated.add(id);
    for (const [index, action] of actions.entries()) {
      if (!isEnabled(action, state)) continue;
      fired[index] = (fired[index] as number) + 1;
      if (failedIn(action, state).length > 0) {
        violated.add(action.name);
        continue;
      }
      const next = state.slice();
      action.effect(next);
      if (known.has(next.join())) continue;
      known.add(next.join());
      states.push(next);
    }
  }
  return { states: states.map((state) => state.join()), fired, violated: [...violated].sort() };
}

describe("what is looked up of actions", () => {
  // With five pages their statuses are too many bits to be looked up.
  const scopes = [
    { V: 2, F: 2, C: 2 },
    { V: 3, F: 2, C: 1 },
    { V: 5, F: 1, C: 1 },
  ];
  const rules = [
    { waitsForFlushes: true, purgesAliases: true },
    { waitsForFlushes: false, purgesAliases: true },
    { waitsForFlushes: true, purgesAliases: false },
  ];

  const all = scopes.flatMap((scope) => rules.map((each) => ({ ...scope, ...each })));
  // Each scope and each rule once, or all of both.
  test.each(IS_WHOLE ? all : all.filter((_each, nth) => nth % 4 === 0))(
    "leads to the same states in the same order (%j)",
    (given) => {
      const machine = lazyUnmap(given, given);
      const options = { bounds: BOUNDS, enough: () => false };
      const { reached, fired, violations } = explore(visitActions(machine, { symmetry: false }), options);
      const expected = plainly(machine);
      const state = new Int32Array(machine.words);
      const states = Array.from({ length: reached.count }, (_none, number) => {
        reached.read(number, state);
        return state.join();
      });
      expect(states).toEqual(expected.states);
      expect([...fired]).toEqual(expected.fired);
      expect(violations.map(({ law }) => law).sort()).toEqual(expected.violated);
    },
  );

  test("is used for an action made of operations, and for no other", () => {
    const layout = new Layout();
    const [from, to] = [layout.field("from", plain(4)), layout.field("to", plain(4))];
    const copy = { name: "copy", when: [], effect: (state: Int32Array) => to.set(state, from.get(state)) };
    const { places, masks } = new EffectTable([actionOf({ name: "copy", does: sets(to, from) })], 1);
    expect([...places]).toEqual([0, 0, 3, 0]);
    // For each number that is read: which bits stay, and which are set, those read among them.
    expect([...masks]).toEqual([~0b1111, 0, ~0b1111, 0b0101, ~0b1111, 0b1010, ~0b1111, 0b1111]);
    expect(new EffectTable([copy], 1).places[3]).toBe(-1);
  });
});
