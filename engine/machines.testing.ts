/**
 * Small machines whose states can be counted by hand, packed and in place, and a plain search to compare explorers
 * with.
 */
import type { PackedMachine } from "./machine.ts";
import { has } from "./reduce/conditions.ts";
import type { InPlaceMachine } from "./run/in-place.ts";
import { DISABLED, ENDS } from "./search/batch.ts";
import { Layout, plain } from "./search/layout.ts";

/** Words of a state that hash compaction makes smaller. */
const WIDE = 3;

/** Tokens on a ring of places. One token moves at a time, if the next place is free. */
export function ring(places: number, tokens: number, forbidden = -1): PackedMachine {
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
      { id: "place-free", says: "The place is free.", holds: (state) => at[forbidden]?.get(state) !== 1 },
    ],
  };
}

/** Counts to the limit, one or two at a time; the action that passes a forbidden number asserts that it does not. */
export function counter(limit: number, forbidden = -1): PackedMachine {
  const layout = new Layout();
  const count = layout.field("count", plain(limit + 1));
  const by = (step: number) => ({
    name: `add ${step}`,
    when: [],
    guard: (state: Int32Array) => count.get(state) + step <= limit,
    effect: (state: Int32Array) => count.set(state, count.get(state) + step),
    asserts: [
      {
        law: { id: `add ${step}`, says: "The forbidden number is not passed." },
        holds: (state: Int32Array) => count.get(state) + step !== forbidden,
      },
    ],
  });
  return {
    name: "counter",
    words: layout.words,
    initial: (state) => state.fill(0),
    actions: [by(1), by(2)],
    invariants: [],
  };
}

/** The same with words that are always zero: so wide that hash compaction keeps hashes. */
export const wide = (machine: PackedMachine): PackedMachine => ({ ...machine, words: WIDE });

/** What both in-place machines share: states are copied whole, and their forms are those of `wide`. */
function live<S extends object>(
  machine: Pick<InPlaceMachine<S>, "name" | "actions" | "laws" | "initial" | "copy" | "take">,
  wordOf: (state: S) => number,
): InPlaceMachine<S> {
  return {
    ...machine,
    reductions: [],
    words: WIDE,
    assign: (to, from) => void Object.assign(to, machine.copy(from)),
    retake: (state, action) => void machine.take(state, action),
    form: (state, into, at) => into.fill(0, at, at + WIDE).set([wordOf(state)], at),
    witnesses: () => new Map(),
  };
}

/** The ring as an object that changes in place. */
export function inPlaceRing(
  places: number,
  tokens: number,
  forbidden = -1,
): InPlaceMachine<{ at: boolean[] }> {
  const all = Array.from({ length: places }, (_none, place) => place);
  return live(
    {
      name: "ring",
      actions: all.map((place) => `from ${place}`),
      laws: [{ id: "place-free", says: "The place is free." }],
      initial: () => ({ at: all.map((place) => place < tokens) }),
      copy: ({ at }) => ({ at: [...at] }),
      take: ({ at }, place) => {
        const next = (place + 1) % places;
        if (!at[place] || at[next]) return DISABLED;
        at[place] = false;
        at[next] = true;
        return at[forbidden] ? 1 : 0;
      },
    },
    ({ at }) => at.reduce((bits, taken, place) => bits | (taken ? 1 << place : 0), 0),
  );
}

/** The counter as an object that changes in place. */
export function inPlaceCounter(limit: number, forbidden = -1): InPlaceMachine<{ count: number }> {
  const names = ["add 1", "add 2"];
  return live(
    {
      name: "counter",
      actions: names,
      laws: names.map((id) => ({ id, says: "It does not pass there." })),
      initial: () => ({ count: 0 }),
      copy: ({ count }) => ({ count }),
      take: (state, action) => {
        const after = state.count + action + 1;
        if (after > limit) return DISABLED;
        if (after === forbidden) return ENDS | (1 << action);
        state.count = after;
        return 0;
      },
    },
    ({ count }) => count,
  );
}

/** The parts of an exploration to compare. */
export interface Counted {
  readonly states: number;
  readonly edges: number;
  readonly depth: number;
  readonly deadlocks: number;
  readonly fired: readonly number[];
  readonly violations: readonly { readonly law: string; readonly run: readonly number[] }[];
}

/** Breadth first with a Map and a copy of every state, and nothing else: past violations as well. */
export function plainSearch<S>(machine: InPlaceMachine<S>): Counted {
  const formOf = (state: S) => {
    const words = new Int32Array(machine.words);
    machine.form(state, words, 0);
    return words.join();
  };
  const queue: { readonly state: S; readonly run: readonly number[] }[] = [
    { state: machine.initial(), run: [] },
  ];
  const found = new Map(queue.map((first) => [formOf(first.state), first]));
  const fired = machine.actions.map(() => 0);
  const violations: { law: string; run: readonly number[] }[] = [];
  let deadlocks = 0;
  for (const { state, run } of queue) {
    let taken = 0;
    for (const action of machine.actions.keys()) {
      const after = { state: machine.copy(state), run: [...run, action] };
      const outcome = machine.take(after.state, action);
      if (outcome === DISABLED) continue;
      taken += 1;
      fired[action] = (fired[action] as number) + 1;
      for (const [law, { id }] of machine.laws.entries()) {
        if (((outcome >> law) & 1) === 0 || violations.some((each) => each.law === id)) continue;
        violations.push({ law: id, run: after.run });
      }
      if ((outcome & ENDS) !== 0 || found.has(formOf(after.state))) continue;
      found.set(formOf(after.state), after);
      queue.push(after);
    }
    if (taken === 0) deadlocks += 1;
  }
  const edges = fired.reduce((sum, times) => sum + times, 0);
  return { states: found.size, edges, depth: queue.at(-1)?.run.length ?? 0, deadlocks, fired, violations };
}
