import { describe, expect, test, vi } from "vitest";
import { itfText } from "../../adapters/itf.ts";
import { visitActions } from "../actions.ts";
import { BOUNDS } from "../bounds.testing.ts";
import type { PackedMachine } from "../machine.ts";
import { counter, ring, wide } from "../machines.testing.ts";
import { OutOfMemory } from "../out-of-memory.ts";
import { has } from "../reduce/conditions.ts";
import { omissionBound } from "./compact-table.ts";
import { explore, exploring } from "./explore.ts";
import { Layout, plain } from "./layout.ts";
import { BATCH } from "./search.ts";
import { StateTable } from "./state-table.ts";
import type { Explored, ExploreOptions } from "./visitable.ts";

const FREELY: ExploreOptions = { bounds: BOUNDS };
const visited = (machine: PackedMachine) => visitActions(machine, { symmetry: false });

/** Puts out lamps, one at a time: the depth is the number of lamps that are out. */
const lamps = (count: number): PackedMachine => {
  const layout = new Layout();
  const all = layout.array("out", { name: "lamps", size: count }, plain(2));
  return {
    name: "lamps",
    words: layout.words,
    initial: (state) => state.fill(0),
    actions: all.map((lamp, nth) => ({
      name: `lamp ${nth}`,
      when: [has(lamp, 0)],
      effect: (state) => lamp.set(state, 1),
    })),
    invariants: [],
  };
};
const depthIn = (out: number): number => [...out.toString(2)].filter((bit) => bit === "1").length;

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

  test("finds a shortest history into a violation", () => {
    const machine = visited(ring(6, 1, 3));
    const { verdict, violations } = explore(machine, FREELY);
    expect(verdict).toBe("broken");
    expect(violations.map(({ law, run }) => [law, run.map((action) => machine.actions[action])])).toEqual([
      ["place-free", ["from 0", "from 1", "from 2"]],
    ]);
  });

  test("finds a violation in the initial state, without an action", () => {
    const { verdict, violations, states, shortest } = explore(visited(ring(4, 1, 0)), FREELY);
    expect([verdict, violations, states]).toEqual(["broken", [{ law: "place-free", run: [] }], 1]);
    expect([...(shortest[0] as Uint16Array)]).toEqual([0, 0, 0, 0]);
  });

  test("reports lengths of runs up to 65,535", () => {
    const { shortest, violations } = explore(visited(counter(140_000, 139_999)), FREELY);
    expect(violations[0]?.run).toHaveLength(70_000);
    expect(shortest.map((lengths) => Math.max(...lengths))).toContain(65_535);
  });

  test("continues past a violation as long as that is not enough, and reports by which actions and how soon", () => {
    const machine = visited(counter(9, 7));
    const { violations, shortest, ended, states } = explore(machine, { ...FREELY, enough: () => false });
    // 0 2 4 6 7, 0 1 3 5 7 and the like
    expect(violations.map(({ law, run }) => [law, run.length])).toEqual([
      ["add 2", 4],
      ["add 1", 4],
    ]);
    expect(shortest.map((lengths) => [...lengths])).toEqual([
      [4, 0],
      [0, 4],
    ]);
    // 7 itself follows the assertion, 9 follows 7 or 8, 8 follows 6
    expect([ended, states]).toEqual(["fixpoint", 9]);
  });

  test("counts deadlocked states, and actions that never fired", () => {
    const { deadlocks, fired, states } = explore(visited(ring(3, 3)), FREELY);
    expect([deadlocks, [...fired], states]).toEqual([1, [0, 0, 0], 1]);
  });

  const initialBytes = new StateTable(1).bytes;
  const most = 705_432;

  test("ends at a bound of states, passed by no more than a batch", () => {
    const bounds = { ...BOUNDS, states: 5000 };
    const { verdict, ended, states } = explore(visited(ring(22, 11)), { bounds });
    expect([verdict, ended]).toEqual(["bounded", "states"]);
    expect(states).toBeGreaterThan(5000);
    expect(states).toBeLessThanOrEqual(5000 + BATCH + 22);
  });

  // Room for all states is 8 MB and more.
  test.each([
    [false, 100_000],
    [false, 2_000_000],
    [true, 100_000],
    [true, 2_000_000],
  ])("ends at a bound of memory, with the states that fit (compact %s, %d bytes)", (compact, more) => {
    const bytes = initialBytes + more;
    const bounded = explore(visited(wide(ring(22, 11))), { bounds: { ...BOUNDS, bytes }, compact });
    expect([bounded.verdict, bounded.ended]).toEqual(["bounded", "memory"]);
    expect(bounded.bytes).toBeLessThanOrEqual(bytes);
    expect(bounded.states).toBeGreaterThan(more / 100);
    expect(bounded.states).toBeLessThan(most);
  });

  test("ends with the initial state where there is memory for nothing", () => {
    const bounds = { ...BOUNDS, bytes: 0 };
    const { ended, states, depth } = explore(visited(ring(22, 11)), { bounds });
    expect([ended, states, depth]).toEqual(["memory", 1, 0]);
  });

  test("is complete if nothing is left to visit, however many states there are", () => {
    const bounds = { ...BOUNDS, states: 1 };
    expect(explore(visited(ring(3, 3)), { bounds }).ended).toBe("fixpoint");
    expect(explore(visited(ring(5, 2)), { bounds }).ended).toBe("states");
  });

  test.each([
    [5000, 5],
    [100, 2],
    [1, 1],
  ])("knows how deep it came where it ended inside a level (%d states)", (states, depth) => {
    const bounds = { ...BOUNDS, states };
    const machine = visited(lamps(16));
    const bounded = explore(machine, { bounds });
    const state = new Int32Array(machine.words);
    bounded.reached.read(bounded.states - 1, state);
    expect(bounded.ended).toBe("states");
    expect(bounded.depth).toBe(depthIn(state[0] as number));
    expect(bounded.depth).toBeGreaterThanOrEqual(depth);
  });

  test("ends where the table has no memory, and not at a mistake of its own", () => {
    const { addAll } = StateTable.prototype;
    const failingBy = (error: Error): Explored => {
      const spy = vi.spyOn(StateTable.prototype, "addAll").mockImplementation(function (
        this: StateTable,
        batch,
      ) {
        if (this.count > 0) throw error;
        addAll.call(this, batch);
      });
      try {
        return explore(visited(ring(5, 2)), FREELY);
      } finally {
        spy.mockRestore();
      }
    };
    expect(failingBy(new OutOfMemory())).toMatchObject({ ended: "memory", states: 1, depth: 0 });
    const mistake = new RangeError("offset is out of bounds");
    expect(() => failingBy(mistake)).toThrow(mistake);
  });

  test("is refused to a machine with too many laws or actions, or with two laws of one name", () => {
    const machine = visited(ring(3, 1));
    const law = (id: string) => ({ id, says: "" });
    const laws = Array.from({ length: 31 }, (_none, nth) => law(`law ${nth}`));
    const names = Array.from({ length: 65_536 }, (_none, nth) => `${nth}`);
    expect(() => explore({ ...machine, laws }, FREELY)).toThrow(
      new RangeError("ring has 31 laws, more than 30"),
    );
    expect(() =>
      explore({ ...machine, actions: names, laws: [law("a"), law("b"), law("a")] }, FREELY),
    ).toThrow(new RangeError("ring has 65536 actions, more than 65535, and more than one law called a"));
  });

  test.each([
    ["when it is asked to", true, "request"],
    ["when its time is up", "time", "time"],
  ] as const)("ends %s, with what it has, and says so", (_why, stop, ended) => {
    const work = exploring(visited(ring(22, 11)), FREELY);
    work.next(false);
    const { done, value } = work.next(stop);
    expect([done, value]).toMatchObject([true, { verdict: "bounded", ended }]);
  });

  test("estimates the states left only once levels shrink", () => {
    const lefts: (number | undefined)[] = [];
    const work = exploring(visited(ring(20, 10)), FREELY);
    for (let turn = work.next(false); !turn.done; turn = work.next(false)) lefts.push(turn.value.left);
    expect(lefts[0]).toBeUndefined();
    expect(lefts.at(-1)).toBeTypeOf("number");
  });
});

describe("hash compaction", () => {
  const counts = ({ states, edges, depth, deadlocks, fired }: Explored) => ({
    states,
    edges,
    depth,
    deadlocks,
    fired,
  });

  test.each([ring(14, 7), counter(30)])("of $name finds the same states by the same edges", (machine) => {
    const exact = explore(visited(wide(machine)), FREELY);
    const hashed = explore(visited(wide(machine)), { ...FREELY, compact: true });
    expect(counts(hashed)).toEqual(counts(exact));
    expect([exact.exact, exact.omission]).toEqual([true, 0]);
    expect([hashed.exact, hashed.hashBits]).toEqual([false, 64]);
    expect(hashed.omission).toBeGreaterThan(0);
  });

  test("keeps states that are no larger than their hashes", () => {
    const machine = visited({ ...ring(14, 7), words: 2 });
    const { exact, hashBits, omission } = explore(machine, { ...FREELY, compact: true });
    expect([exact, hashBits, omission]).toEqual([true, undefined, 0]);
  });

  test("finds the same shortest history", () => {
    const machine = visited(wide(ring(12, 3, 9)));
    expect(explore(machine, { ...FREELY, compact: true }).violations).toEqual(
      explore(machine, FREELY).violations,
    );
  });

  test("is likelier to omit a state the more states there are", () => {
    expect(omissionBound(1)).toBe(0);
    // 10^8 states: 5 * 10^15 pairs in 2^64
    expect(omissionBound(1e8)).toBeCloseTo(5e15 / 2 ** 64, 6);
    expect(omissionBound(1e12)).toBe(1);
  });
});

describe("what is written for other tools", () => {
  test("is a trace whose numbers are big integers, with the action into each state", () => {
    const text = itfText("ring", "a run", [
      { action: "init", variables: { at: [1, 0], full: false } },
      { action: "from 0", variables: { at: [0, 1], full: false } },
    ]);
    expect(JSON.parse(text)).toMatchObject({
      "#meta": { format: "ITF", source: "ring" },
      vars: ["at", "full", "actionTaken"],
      states: [
        {
          "#meta": { index: 0 },
          at: [{ "#bigint": "1" }, { "#bigint": "0" }],
          full: false,
          actionTaken: "init",
        },
        { "#meta": { index: 1 }, at: [{ "#bigint": "0" }, { "#bigint": "1" }], actionTaken: "from 0" },
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
