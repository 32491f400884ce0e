import { describe, expect, test, vi } from "vitest";
import { BOUNDS } from "../bounds.testing.ts";
import { inPlaceRing } from "../machines.testing.ts";
import { allocated, OutOfMemory } from "../out-of-memory.ts";
import { visitInPlace } from "../run/in-place.ts";
import { emptyBatch, push } from "./batch.ts";
import { CompactTable } from "./compact-table.ts";
import { explore } from "./explore.ts";
import { StateTable } from "./state-table.ts";

const WORDS = 3;
const formOf = (number: number) => Int32Array.of(number, number * 7, ~number);

/** Adds `count` more states, each identified by its number. */
function add(table: CompactTable | StateTable, more: number): void {
  const batch = emptyBatch(WORDS, more);
  for (let nth = 0; nth < more; nth++) {
    batch.forms.set(formOf(table.count + nth), nth * WORDS);
    push(batch, 0, 0, 0);
  }
  table.addAll(batch);
}

function read(table: CompactTable, number: number): Int32Array {
  const form = new Int32Array(WORDS);
  table.read(number, form);
  return form;
}

describe("a table of hashes", () => {
  test("returns every waiting state, and none before it", () => {
    const table = new CompactTable(WORDS);
    for (let head = 0; head < 50_000; head += 90) {
      add(table, 100);
      table.forget(head);
      for (const number of [head, head + 1, table.count - 1])
        expect(read(table, number)).toEqual(formOf(number));
    }
    expect(() => read(table, 0)).toThrow("state 0 was visited");
    expect([table.find(formOf(0)), table.is(0, formOf(0)), table.is(0, formOf(1))]).toEqual([0, true, false]);
  });

  test("takes no room for states that were visited, read or not", () => {
    const [forgetting, keeping] = [new CompactTable(WORDS), new CompactTable(WORDS)];
    for (let nth = 0; nth < 500; nth++) {
      for (const table of [forgetting, keeping]) add(table, 100);
      forgetting.forget(forgetting.count - 150);
    }
    // 50,000 states of 12 bytes, in an array that doubles from 12 kB
    expect(keeping.bytes - forgetting.bytes).toBeGreaterThan(500_000);
  });

  test("is smaller than a table of states, also for an in-place machine", () => {
    const machine = { ...inPlaceRing(20, 10), words: 20 };
    const live = visitInPlace({ ...machine, form: (state, into, at) => into.set(state.at.map(Number), at) });
    const [whole, hashed] = [
      explore(live, { bounds: BOUNDS }),
      explore(live, { bounds: BOUNDS, compact: true }),
    ];
    expect(hashed.states).toBe(whole.states);
    // No level is larger than a twentieth of all: hashes and what waits are less than a third.
    expect(hashed.bytes).toBeLessThan(whole.bytes / 3);
  });
});

describe("what a table says that it takes", () => {
  test.each([
    ["states", () => new StateTable(WORDS)],
    ["hashes", () => new CompactTable(WORDS)],
  ])("is the most that it holds while it grows: %s", (_what, make) => {
    const table = make();
    for (let nth = 0; nth < 300; nth++) {
      const before = table.bytes;
      const expected = table.bytesWith(100);
      add(table, 100);
      expect(table.bytes).toBeLessThanOrEqual(expected);
      // An array that did not grow is counted once, one that grew also in its old size.
      if (table.bytes === before) expect(expected).toBe(before);
      else expect(expected).toBeGreaterThan(table.bytes);
    }
  });
});

describe("a table that gets no memory", () => {
  /** Runs this with no array allowed to be longer than `words`. */
  function within(most: number, work: () => void): void {
    const Whole = Int32Array;
    class Short extends Whole {
      constructor(length: number) {
        if (length > most) throw new RangeError("Array buffer allocation failed");
        super(length);
      }
    }
    vi.stubGlobal("Int32Array", Short);
    try {
      work();
    } finally {
      vi.unstubAllGlobals();
    }
  }

  test.each([
    ["states", () => new StateTable(WORDS)],
    ["hashes", () => new CompactTable(WORDS)],
  ])("says so, and holds what it held: %s", (_what, make) => {
    const table = make();
    add(table, 1000);
    const batch = emptyBatch(WORDS, 3000);
    for (let nth = 0; nth < 3000; nth++) push(batch, 0, 0, 0);
    within(5000, () => expect(() => table.addAll(batch)).toThrow(OutOfMemory));
    expect(table.count).toBe(1000);
    for (const number of [0, 999]) expect(table.find(formOf(number))).toBe(number);
  });

  test("takes no other mistake for that", () => {
    expect(() => allocated(() => new Int32Array(2 ** 52))).toThrow(OutOfMemory);
    expect(() => allocated(() => JSON.parse("{"))).toThrow(SyntaxError);
    expect(allocated(() => new Int32Array(2))).toEqual(Int32Array.of(0, 0));
  });
});
