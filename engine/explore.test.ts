import { describe, expect, test } from "vitest";
import { type PackedMachine, visitActions } from "./actions.ts";
import { omissionBound } from "./compact-table.ts";
import { has } from "./conditions.ts";
import { dotText } from "./dot.ts";
import { type ExploreOptions, explore, exploring } from "./explore.ts";
import { itfText } from "./itf.ts";
import { Layout, plain } from "./layout.ts";

const FREELY: ExploreOptions = { bounds: { states: 1e6, milliseconds: 60_000, bytes: 1e9 } };
const visited = (machine: PackedMachine) => visitActions(machine, { symmetry: false });

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

/** Counts to the limit, one or two at a time; the action that passes a forbidden number asserts that it does not. */
function counter(limit: number, forbidden = -1): PackedMachine {
  const layout = new Layout();
  const count = layout.field("count", plain(limit + 1));
  const by = (step: number) => ({
    name: `add ${step}`,
    when: [],
    guard: (state: Int32Array) => count.get(state) + step <= limit,
    effect: (state: Int32Array) => count.set(state, count.get(state) + step),
    asserts: (state: Int32Array) => count.get(state) + step !== forbidden,
  });
  return {
    name: "counter",
    words: layout.words,
    initial: (state) => state.fill(0),
    actions: [by(1), by(2)],
    invariants: [],
  };
}

describe("an exploration", () => {
  test("visits every state once and counts every edge", () => {
    // 2 of 5 places: 10 states; each token that has room moves on
    const { states, edges, verdict, ended, deadlocks } = explore(visited(ring(5, 2)), FREELY);
    expect({ states, edges, verdict, ended, deadlocks }).toEqual({
      states: 10,
      edges: 15,
      verdict: "holds",
      ended: "fixpoint",
      deadlocks: 0,
    });
  });

  test("finds a shortest history into what breaks", () => {
    const machine = visited(ring(6, 1, 3));
    const { verdict, breaks } = explore(machine, FREELY);
    expect(verdict).toBe("broken");
    expect(breaks.map(({ law, run }) => [law, run.map((action) => machine.actions[action])])).toEqual([
      ["place-free", ["from 0", "from 1", "from 2"]],
    ]);
  });

  test("finds an initial state that is broken", () => {
    const { verdict, breaks, states } = explore(visited(ring(4, 1, 0)), FREELY);
    expect([verdict, breaks, states]).toEqual(["broken", [{ law: "place-free", run: [] }], 1]);
  });

  test("goes on behind a break as long as that is not enough, and tells by which actions and how soon", () => {
    const machine = visited(counter(9, 7));
    const { breaks, shortest, ended, states } = explore(machine, { ...FREELY, enough: () => false });
    // 0 2 4 6 7, 0 1 3 5 7 and the like
    expect(breaks.map(({ law, run }) => [law, run.length])).toEqual([
      ["add 2", 4],
      ["add 1", 4],
    ]);
    expect(shortest.map((lengths) => [...lengths])).toEqual([
      [4, 0],
      [0, 4],
    ]);
    // 7 itself is behind the assertion, 9 behind 7 or 8, 8 behind 6
    expect([ended, states]).toEqual(["fixpoint", 9]);
  });

  test("counts states from which nothing goes on, and actions that never fired", () => {
    const { deadlocks, fired, states } = explore(visited(ring(3, 3)), FREELY);
    expect([deadlocks, [...fired], states]).toEqual([1, [0, 0, 0], 1]);
  });

  test.each([
    ["states", { states: 5000 }],
    ["time", { milliseconds: 0 }],
    ["memory", { bytes: 100_000 }],
  ] as const)("ends at a bound of %s and says so", (ended, bound) => {
    const bounds = { ...FREELY.bounds, ...bound };
    const bounded = explore(visited(ring(22, 11)), { bounds });
    expect([bounded.verdict, bounded.ended]).toEqual(["bounded", ended]);
    expect(bounded.states).toBeLessThan(705_432);
  });

  test("ends when it is asked to, with what it has", () => {
    const work = exploring(visited(ring(22, 11)), FREELY);
    work.next(false);
    const { done, value } = work.next(true);
    expect([done, value]).toMatchObject([true, { verdict: "bounded", ended: "request" }]);
  });

  test("estimates what is left only once levels shrink", () => {
    const lefts: (number | undefined)[] = [];
    const work = exploring(visited(ring(20, 10)), FREELY);
    for (let turn = work.next(false); !turn.done; turn = work.next(false)) lefts.push(turn.value.left);
    expect(lefts[0]).toBeUndefined();
    expect(lefts.at(-1)).toBeTypeOf("number");
  });
});

describe("hash compaction", () => {
  test.each([ring(14, 7), counter(30)])("of $name meets the same states by the same edges", (machine) => {
    const exact = explore(visited(machine), FREELY);
    const hashed = explore(visited(machine), { ...FREELY, compact: true });
    const counts = ({ states, edges, depth, deadlocks, fired }: typeof exact) => [
      states,
      edges,
      depth,
      deadlocks,
      fired,
    ];
    expect(counts(hashed)).toEqual(counts(exact));
    expect([exact.exact, exact.omission, hashed.exact]).toEqual([true, 0, false]);
    expect(hashed.omission).toBeGreaterThan(0);
  });

  test("finds the same shortest history", () => {
    const machine = visited(ring(12, 3, 9));
    expect(explore(machine, { ...FREELY, compact: true }).breaks).toEqual(explore(machine, FREELY).breaks);
  });

  test("is likelier to leave something out the more states there are", () => {
    expect(omissionBound(1)).toBe(0);
    // 10^8 states: 5 * 10^15 pairs in 2^64
    expect(omissionBound(1e8)).toBeCloseTo(5e15 / 2 ** 64, 6);
    expect(omissionBound(1e12)).toBe(1);
  });
});

describe("what is written for other tools", () => {
  test("is a graph of every state and edge", () => {
    const machine = visited(ring(3, 1));
    const text = dotText(machine, explore(machine, FREELY), (state) => [`state "${state}"`]);
    expect(text.match(/s\d+ -> s\d+/g)).toEqual(["s0 -> s1", "s1 -> s2", "s2 -> s0"]);
    expect(text).toContain('s1 [label="state \\"1\\""]');
    expect(text).toContain('s2 -> s0 [label="from 2"]');
  });

  test("is no graph that nobody could read", () => {
    const machine = visited(ring(14, 7));
    expect(() => dotText(machine, explore(machine, FREELY), () => [])).toThrow(
      "3432 states are too many to draw",
    );
  });

  test("is a trace whose numbers are big integers, with the action into each state", () => {
    const text = itfText("ring", "a run", [
      { action: "init", variables: { at: [1, 0], full: false } },
      { action: "from 0", variables: { at: [0, 1], full: false } },
    ]);
    expect(JSON.parse(text)).toMatchObject({
      "#meta": { format: "ITF", source: "ring" },
      vars: ["at", "full", "mbt::actionTaken"],
      states: [
        {
          "#meta": { index: 0 },
          at: [{ "#bigint": "1" }, { "#bigint": "0" }],
          full: false,
          "mbt::actionTaken": "init",
        },
        { "#meta": { index: 1 }, at: [{ "#bigint": "0" }, { "#bigint": "1" }], "mbt::actionTaken": "from 0" },
      ],
    });
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
