/** Threads are played here one after the other, at the worst moments: between writing a state and publishing it. */
import { fc, test } from "@fast-check/vitest";
import { afterEach, describe, expect, vi } from "vitest";
import { quickly } from "../bounds.testing.ts";
import { emptyBatch, push } from "./batch.ts";
import { type SharedMemory, SharedTable, sharedMemory } from "./shared-table.ts";

const BYTES = 2 ** 22;

/** A batch of transitions to states of these forms. */
function batchOf(words: number, forms: readonly (readonly number[])[]) {
  const batch = emptyBatch(words, Math.max(1, forms.length));
  for (const [nth, form] of forms.entries()) {
    batch.forms.set(form, nth * words);
    push(batch, nth, nth & 0xff, 0);
  }
  return batch;
}

const exchange = Atomics.compareExchange;
afterEach(() => {
  vi.restoreAllMocks();
});

type Exchange = (slots: Int32Array, slot: number, expected: number, value: number) => number;

/** Replaces every exchange of a slot by this one, until the test ends. */
function exchangeBy(how: Exchange): void {
  vi.spyOn(Atomics, "compareExchange").mockImplementation(how as typeof Atomics.compareExchange);
}

/** All states of a table, once all threads stopped. */
function statesOf(table: SharedTable, views: readonly SharedTable[]): string[] {
  table.closeUp(views.map((view) => view.unused()));
  const form = new Int32Array(table.words);
  return Array.from({ length: table.count }, (_none, number) => {
    table.read(number, form);
    return form.join();
  });
}

const unique = (forms: readonly (readonly number[])[]) =>
  [...new Set(forms.map((form) => form.join()))].sort();

/**
 * Two threads put states into one table; whenever the first is about to publish a state, the second adds some of its
 * own. Returns the contents of the table.
 */
function interleaved(
  memory: SharedMemory,
  first: readonly (readonly number[])[],
  second: readonly (readonly (readonly number[])[])[],
  how: Exchange,
): string[] {
  const [some, other] = [new SharedTable(memory), new SharedTable(memory)];
  const rest = [...second];
  let isOther = false;
  exchangeBy((slots, slot, expected, value) => {
    const forms = isOther ? undefined : rest.shift();
    // Reads before the other thread runs, as an exchange does that is not atomic.
    const before = slots[slot] as number;
    if (forms !== undefined) {
      isOther = true;
      other.addAll(batchOf(memory.words, forms));
      isOther = false;
    }
    return how === exchange ? exchange(slots, slot, expected, value) : violated(slots, slot, before, value);
  });
  some.addAll(batchOf(memory.words, first));
  isOther = true;
  for (const forms of rest) other.addAll(batchOf(memory.words, forms));
  return statesOf(some, [some, other]);
}

/** Reads, compares and writes, but not at once. */
const violated: Exchange = (slots, slot, before, value) => {
  if (before === 0) slots[slot] = value;
  return before;
};

describe("two threads that add at the same time", () => {
  describe.each([1, 2, 3])("states of %i words", (words) => {
    const form = fc.tuple(fc.nat(6), ...Array.from({ length: words - 1 }, () => fc.nat(3)));
    const forms = fc.array(form, { maxLength: 60 });

    test.prop([forms, fc.array(forms, { maxLength: 20 })], { numRuns: quickly(60) })(
      "leave every state there once, and find it",
      (first, second) => {
        const memory = sharedMemory(words, BYTES);
        const states = interleaved(memory, first, second, exchange);
        expect(states.toSorted()).toEqual(unique([...first, ...second.flat()]));
        const table = new SharedTable(memory);
        for (const [number, state] of states.entries()) {
          expect(table.find(Int32Array.from(state.split(",").map(Number)))).toBe(number);
        }
      },
    );
  });

  test("would leave one there twice if slots were not exchanged at once", () => {
    const forms = [[1, 1]];
    expect(interleaved(sharedMemory(2, BYTES), forms, [forms], exchange)).toEqual(["1,1"]);
    expect(interleaved(sharedMemory(2, BYTES), forms, [forms], violated)).toEqual(["1,1", "1,1"]);
  });

  test("reuse a number if another thread published the state first", () => {
    const memory = sharedMemory(2, BYTES);
    const [some, other] = [new SharedTable(memory), new SharedTable(memory)];
    let isFirst = true;
    exchangeBy((slots, slot, expected, value) => {
      if (isFirst) {
        isFirst = false;
        other.addAll(batchOf(2, [[1, 1]]));
      }
      return exchange(slots, slot, expected, value);
    });
    const batch = batchOf(2, [
      [1, 1],
      [2, 2],
    ]);
    some.addAll(batch);
    expect([...batch.isNew]).toEqual([0, 1]);
    expect(some.unused()).toEqual([1, 255]);
    expect(other.unused()).toEqual([257, 255]);
  });

  test("publish a state only when it is written, with its origin", () => {
    const memory = sharedMemory(3, BYTES);
    const table = new SharedTable(memory);
    const forms = Array.from({ length: 1000 }, (_none, nth) => [nth + 1, nth * 7 + 1, ~nth]);
    let published = 0;
    exchangeBy((slots, slot, expected, value) => {
      const number = (value & (slots.length - 1)) - 1;
      const form = new Int32Array(3);
      table.read(number, form);
      const written = [...form, table.parents[number], table.actions[number]];
      expect(written.join()).toBe([...(forms[number] as number[]), number, number & 0xff].join());
      published += 1;
      return exchange(slots, slot, expected, value);
    });
    table.addAll(batchOf(3, forms));
    expect(published).toBe(1000);
  });
});

describe("numbers that were taken and not used", () => {
  test.prop([fc.array(fc.nat(700), { minLength: 2, maxLength: 4 })], { numRuns: quickly(20) })(
    "are closed up: states are numbered without gaps, and found",
    (sizes) => {
      const memory = sharedMemory(2, BYTES);
      const views = sizes.map(() => new SharedTable(memory));
      const forms = sizes.flatMap((size, view) => Array.from({ length: size }, (_none, nth) => [view, nth]));
      for (const [nth, view] of views.entries())
        view.addAll(
          batchOf(
            2,
            forms.filter(([of]) => of === nth),
          ),
        );
      const [table] = views as [SharedTable];
      const states = statesOf(table, views);
      expect(states.toSorted()).toEqual(unique(forms));
      for (const [number, state] of states.entries()) {
        expect(table.find(Int32Array.from(state.split(",").map(Number)))).toBe(number);
      }
    },
  );
});

describe("slots that grow", () => {
  test("hold all states again, put there by two threads", () => {
    const memory = sharedMemory(2, BYTES * 8);
    const views = [new SharedTable(memory), new SharedTable(memory)] as const;
    const forms = Array.from({ length: 40_000 }, (_none, nth) => [nth, nth * 31]);
    views[0].addAll(batchOf(2, forms));
    views[0].closeUp([views[0].unused()]);
    for (const wanted of [60_000, 100_000, 300_000]) {
      expect(views[0].growSlots(wanted, 1e9)).toBe(true);
      for (const view of views) view.look();
      views[0].move(0, 20_000);
      views[1].move(20_000, 40_000);
      expect(forms.findIndex((form, nth) => views[1].find(Int32Array.from(form)) !== nth)).toBe(-1);
    }
    expect(views[0].find(Int32Array.of(1, 1))).toBeLessThan(0);
  });

  test("do not grow if there is no memory for them", () => {
    const table = new SharedTable(sharedMemory(2, BYTES));
    expect(table.growSlots(60_000, table.bytes)).toBe(false);
    expect(table.growSlots(table.capacity + 1, 1e9)).toBe(false);
  });
});
