import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { type ExploreOptions, explore, has, type PackedMachine } from "./explore.ts";
import { indexOf, Layout, plain, setOf } from "./layout.ts";
import { StateTable } from "./state-table.ts";
import { canonicalForm } from "./symmetry.ts";

const FREELY: ExploreOptions = {
  bounds: { states: 1e6, milliseconds: 60_000, bytes: 1e9 },
  symmetry: false,
};

/** Tokens on a ring of so many places, one of which moves on at a time if the place before it is free. */
function ring(places: number, tokens: number, forbidden = -1): PackedMachine {
  const layout = new Layout();
  const at = layout.array("at", { name: "places", size: places }, plain(2));
  return {
    name: "ring",
    words: layout.words,
    initial: (state) => {
      state.fill(0);
      for (let place = 0; place < tokens; place++) at[place]?.set(state, 1);
    },
    actions: at.map((here, place) => {
      const next = at[(place + 1) % places] as typeof here;
      return {
        name: `from ${place}`,
        when: [has(here, 1), has(next, 0)],
        effect: (state: Int32Array) => {
          here.set(state, 0);
          next.set(state, 1);
        },
      };
    }),
    invariants: [
      { id: "place-free", says: "Nobody stands there.", holds: (state) => at[forbidden]?.get(state) !== 1 },
    ],
  };
}

describe("an exploration", () => {
  test("visits every state once and counts every edge", () => {
    // 2 of 5 places: 10 states; each token that has room moves on
    const { states, edges, verdict, deadlocks } = explore(ring(5, 2), FREELY);
    expect({ states, edges, verdict, deadlocks }).toEqual({
      states: 10,
      edges: 15,
      verdict: "holds",
      deadlocks: 0,
    });
  });

  test("finds a shortest history into what breaks", () => {
    const { verdict, broken, history } = explore(ring(6, 1, 3), FREELY);
    expect({ verdict, broken, history }).toEqual({
      verdict: "broken",
      broken: "place-free",
      history: ["from 0", "from 1", "from 2"],
    });
  });

  test("finds an initial state that is broken", () => {
    expect(explore(ring(4, 1, 0), FREELY)).toMatchObject({ verdict: "broken", history: [], states: 1 });
  });

  test("counts states from which nothing goes on, and actions that never fired", () => {
    const { deadlocks, fired } = explore(ring(3, 3), FREELY);
    expect([deadlocks, [...fired.values()]]).toEqual([1, [0, 0, 0]]);
  });

  test("ends at a bound and says so", () => {
    const bounded = explore(ring(22, 11), { ...FREELY, bounds: { ...FREELY.bounds, states: 5000 } });
    expect(bounded.verdict).toBe("bounded");
    expect(bounded.states).toBeLessThan(705_432);
  });
});

describe("a table of states", () => {
  const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
  const some = fc.array(fc.tuple(word, word, fc.nat(3)), { maxLength: 3000, size: "max" });

  test.prop([some], { numRuns: 20 })("numbers states as a Map does, and gives them back", (states) => {
    const table = new StateTable(3, 2);
    const known = new Map<string, number>();
    for (const words of states) {
      const key = words.join();
      const number = known.get(key);
      expect(table.add(Int32Array.from(words), 0, 0)).toBe(number ?? -1 - known.size);
      if (number === undefined) known.set(key, known.size);
    }
    const read = new Int32Array(3);
    for (const [key, number] of known) {
      table.read(number, read);
      expect(read.join()).toBe(key);
    }
  });
});

describe("a layout", () => {
  test("gives each field its own bits, and spans no word", () => {
    const layout = new Layout();
    const fields = [3, 1000, 4, 2 ** 20, 6].map((values, nth) => layout.field(`f${nth}`, plain(values)));
    const state = new Int32Array(layout.words);
    for (const [nth, field] of fields.entries()) field.set(state, nth + 1);
    expect(fields.map((field) => field.get(state))).toEqual([1, 2, 3, 4, 5]);
    expect(layout.words).toBe(2);
  });

  test("refuses a field that no word holds", () => {
    expect(() => new Layout().field("wide", plain(2 ** 33))).toThrow(
      "wide: a field has from 1 to 2^31 values",
    );
  });
});

describe("the canonical form", () => {
  const cpus = { name: "CPUs", size: 3 };
  const pages = { name: "pages", size: 2 };
  const layout = new Layout();
  layout.array("area", pages, plain(3));
  layout.table("tlb", cpus, pages, indexOf(pages));
  layout.field("waiting", setOf(cpus));
  layout.field("wanted", indexOf(pages));
  const canonical = canonicalForm(layout);
  const anyState = fc.tuple(
    ...layout.fields.map(({ mask, meaning }) =>
      fc.nat(meaning.kind === "plain" ? 2 : meaning.kind === "index" ? 2 : mask),
    ),
  );
  const write = (values: readonly number[]) => {
    const state = new Int32Array(layout.words);
    for (const [nth, field] of layout.fields.entries()) field.set(state, values[nth] as number);
    return state;
  };
  const cpuOrder = fc.constantFrom([0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]);
  const pageOrder = fc.constantFrom([0, 1], [1, 0]);

  /** The same state with its CPUs and pages numbered anew, written out by hand. */
  function renumbered(
    values: readonly number[],
    ofCpus: readonly number[],
    ofPages: readonly number[],
  ): number[] {
    const [area, tlb, waiting, wanted] = [
      values.slice(0, 2),
      values.slice(2, 8),
      values[8] as number,
      values[9] as number,
    ];
    const index = (value: number) => (value === 0 ? 0 : (ofPages[value - 1] as number) + 1);
    const result = Array.from({ length: 10 }, () => 0);
    for (const page of [0, 1]) result[ofPages[page] as number] = area[page] as number;
    for (const cpu of [0, 1, 2]) {
      for (const page of [0, 1]) {
        result[2 + (ofCpus[cpu] as number) * 2 + (ofPages[page] as number)] = index(
          tlb[cpu * 2 + page] as number,
        );
      }
      if ((waiting >> cpu) & 1) result[8] = (result[8] as number) | (1 << (ofCpus[cpu] as number));
    }
    result[9] = index(wanted);
    return result;
  }

  test.prop([anyState, cpuOrder, pageOrder])(
    "is one for all numberings of a state",
    (values, ofCpus, ofPages) => {
      const [one, other] = [write(values), write(renumbered(values, ofCpus, ofPages))];
      canonical(one);
      canonical(other);
      expect(other.join()).toBe(one.join());
    },
  );

  test.prop([anyState])("is a numbering of the state itself", (values) => {
    const form = write(values);
    canonical(form);
    const orders = [
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ];
    const all = orders.flatMap((ofCpus) =>
      [
        [0, 1],
        [1, 0],
      ].map((ofPages) => write(renumbered(values, ofCpus, ofPages)).join()),
    );
    expect(all).toContain(form.join());
  });
});
