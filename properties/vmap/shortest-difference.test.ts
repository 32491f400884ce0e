/** Where two kernels differ: the shortest history, that it is shortest, and that no kernel differs from itself. */
import { describe, expect, test } from "vitest";
import { CANARIES } from "../../counterexamples/vmap/controls/canaries.ts";
import { kernelCalled } from "../../kernels/vmap/index.ts";
import type { State } from "../../kernels/vmap/state.ts";
import { AREA_CALLS } from "../../spec/vmap/commands/command.ts";
import type { Command } from "../../spec/vmap/commands.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import { replayPair } from "../diff/lockstep.ts";
import {
  compare,
  type Difference,
  kindsIn as kindsOf,
  type NamedPlace,
} from "../diff/shortest-difference.ts";
import { COMPARISON, differences, PARTS_WAYS } from "./comparison.ts";
import { MIDDLE, spaceScope } from "./small-scopes.ts";
import type { Vmap } from "./terms.ts";
import { commandsOf } from "./workload.ts";

const kindsIn = (bits: number) => kindsOf(COMPARISON, bits);
const kernel = (label: string) => kernelCalled(label) as Kernel<State>;

const FOUR: NamedPlace<Vmap> = {
  name: "four pages",
  place: { scope: spaceScope({ pages: 4, sizes: 4, aligns: 2, windows: 4, at: MIDDLE }), calls: AREA_CALLS },
};
const THREE: NamedPlace<Vmap> = {
  name: "three pages, purged when more than one is lazy",
  place: {
    scope: { ...spaceScope({ pages: 3, sizes: 2, aligns: 1, windows: 1, at: MIDDLE }), lazyMaxPages: 1 },
    calls: AREA_CALLS,
  },
};
const GIVEN = { of: COMPARISON, drawnIn: [], kind: undefined, seed: 1, states: 50_000, runs: 1000 };

/** Whether two kernels answer every sequence of this length alike: without states, tables or hashes. */
function alikeIn(one: Kernel<State>, other: Kernel<State>, scope: Scope, length: number): boolean {
  const commands = commandsOf(scope);
  const from = (a: State, b: State, busy: ReadonlySet<number>, left: number): boolean => {
    if (left === 0) return true;
    return commands.every((command: Command) => {
      if (command.op === "free" && !busy.has(command.start)) return true;
      const [nextA, replyA] = one.step(a, command);
      const [nextB, replyB] = other.step(b, command);
      if (differences(replyA, replyB) !== 0) return false;
      if (replyA.kind === "bug") return true;
      const held = new Set(busy);
      if (command.op === "free") held.delete(command.start);
      if (replyA.kind === "placed") held.add(replyA.start);
      return from(nextA, nextB, held, left - 1);
    });
  };
  return from(one.initial(scope), other.initial(scope), new Set(), length);
}

describe("2.6.28 and 2.6.39", () => {
  const [one, other] = [kernel("2.6.28"), kernel("2.6.39")];
  const { difference } = compare({ one, other, places: [FOUR], ...GIVEN });
  const { history, kinds, found } = difference as Difference<Vmap>;

  test("2.6.28 and 2.6.39 differ in two commands, for only the later keeps a gap before the next area", () => {
    expect({ length: history.length, found }).toEqual({ length: 2, found: "explored" });
    expect(["refusal", "address"]).toContain(kinds[0]);
  });

  test("2.6.28 and 2.6.39 answer alike up to the last command, and in every shorter history", () => {
    const played = replayPair(COMPARISON, one, other, FOUR.place.scope, history);
    expect(played.map(({ differs }) => differs !== 0)).toEqual([false, true]);
    expect(alikeIn(one, other, FOUR.place.scope, history.length - 1)).toBe(true);
    expect(alikeIn(one, other, FOUR.place.scope, history.length)).toBe(false);
  });

  test("2.6.28 and 2.6.39 also differ in random histories, which shrink to as few commands", () => {
    const drawn = compare({ one, other, places: [], ...GIVEN, drawnIn: [FOUR.place.scope] });
    expect(drawn.difference).toMatchObject({ found: "random", place: undefined });
    expect(drawn.difference?.history).toHaveLength(2);
  });

  test("2.6.28 and 2.6.39 differ later in the lazy pages after a free", () => {
    const asked = compare({ one, other, places: [FOUR], ...GIVEN, kind: "lazy-pages" });
    expect(asked.difference?.kinds).toContain("lazy-pages");
    expect(asked.difference?.history.length).toBeGreaterThan(history.length);
  });
});

describe("3.1 and 3.9", () => {
  test("3.1 and 3.9 are one kernel, and never differ in a small space", () => {
    const { difference, visited } = compare({
      one: kernel("3.1"),
      other: kernel("3.9"),
      places: [THREE],
      ...GIVEN,
    });
    expect({ difference, ended: visited[0]?.ended, differs: visited[0]?.byKind }).toEqual({
      difference: undefined,
      ended: "fixpoint",
      differs: [],
    });
  });
});

describe("a kernel with one step replaced", () => {
  test.each([
    ["never aligns", FOUR, "address"],
    ["leaves the first page", FOUR, "address"],
    ["flushes a page less", FOUR, "flush"],
    ["counts areas, not pages", THREE, "lazy-pages"],
    ["never purges at a free", THREE, "flush"],
  ] as const)("A kernel with one step replaced differs from the good one: %s", (name, place, kind) => {
    const { kernel: changed } = CANARIES.find(
      (each) => each.kernel.name === name,
    ) as (typeof CANARIES)[number];
    const good = kernel("2.6.39");
    const { difference } = compare({ one: good, other: changed, places: [place], ...GIVEN, kind });
    const { history } = difference as Difference<Vmap>;
    const last = replayPair(COMPARISON, good, changed, place.place.scope, history).at(-1);
    expect(kindsIn(last?.differs ?? 0)).toContain(kind);
  });
});

describe("two replies", () => {
  const done = { kind: "done", flushes: [], pteSet: 0, pteCleared: 0 } as const;

  test("Two replies do not differ in what only one kernel reports", () => {
    expect(differences({ ...done, lazyPages: 3 }, done)).toBe(0);
    expect(differences({ ...done, descriptors: 3 }, { ...done, descriptors: 4 })).toBe(0);
  });

  test("Two replies of which one stops differ in nothing else", () => {
    const bug = { ...done, kind: "bug", text: "" } as const;
    expect(kindsIn(differences(bug, { ...done, pteSet: 1 }))).toEqual(["stop"]);
    expect(differences(bug, { ...bug, text: "otherwise", pteSet: 1 })).toBe(0);
  });

  test("Two replies end the comparison only if the kernels gave out different addresses", () => {
    expect(kindsIn(PARTS_WAYS)).toEqual(["stop", "refusal", "address"]);
  });
});
