/** In-place machines, compared with their packed twins and with a plain search. */
import { describe, expect, test } from "vitest";
import { visitActions } from "../actions.ts";
import { BOUNDS } from "../bounds.testing.ts";
import {
  type Counted,
  counter,
  inPlaceCounter,
  inPlaceRing,
  plainSearch,
  ring,
  wide,
} from "../machines.testing.ts";
import { explore } from "../search/explore.ts";
import type { Explored } from "../search/visitable.ts";
import { type InPlaceMachine, visitInPlace } from "./in-place.ts";

const beyondViolations = { bounds: BOUNDS, enough: () => false };

const countedIn = ({ states, edges, depth, deadlocks, fired, violations }: Explored): Counted => ({
  states,
  edges,
  depth,
  deadlocks,
  fired: [...fired],
  violations,
});
const visited = <S>(machine: InPlaceMachine<S>, compact = false) =>
  countedIn(explore(visitInPlace(machine), { ...beyondViolations, compact }));

const twins = [
  // A counter asserts, and its forbidden numbers end runs; places on a ring have many states behind one another.
  { what: "a counter", live: inPlaceCounter(40), packed: counter(40) },
  { what: "a counter that violates its law", live: inPlaceCounter(40, 17), packed: counter(40, 17) },
  { what: "a counter that violates its law at once", live: inPlaceCounter(9, 1), packed: counter(9, 1) },
  { what: "a ring", live: inPlaceRing(12, 5), packed: ring(12, 5) },
  { what: "a ring that violates its law", live: inPlaceRing(13, 4, 9), packed: ring(13, 4, 9) },
  { what: "a ring that is full", live: inPlaceRing(5, 5), packed: ring(5, 5) },
] as const;

describe.each(twins)("$what", ({ live, packed }) => {
  const expected = plainSearch<never>(live as unknown as InPlaceMachine<never>);

  test.each([false, true])("has the same states live as by a plain search (compact %s)", (compact) => {
    expect(visited<never>(live as unknown as InPlaceMachine<never>, compact)).toEqual(expected);
  });

  test.each([false, true])("has the same states packed (compact %s)", (compact) => {
    const machine = visitActions(wide(packed), { symmetry: false });
    expect(countedIn(explore(machine, { ...beyondViolations, compact }))).toEqual(expected);
  });
});

test("an in-place machine has the laws and actions of its packed twin", () => {
  for (const { live, packed } of twins) {
    const machine = visitActions(packed, { symmetry: false });
    expect(live.actions).toEqual(machine.actions);
    expect(live.laws.map(({ id }) => id)).toEqual(machine.laws.map(({ id }) => id));
  }
});

describe("the comparison notices an in-place machine", () => {
  const machine = inPlaceRing(8, 3, 6);
  const expected = plainSearch(machine);
  const wrong: readonly (readonly [string, Partial<InPlaceMachine<{ at: boolean[] }>>])[] = [
    ["that is not taken again", { retake: () => {} }],
    ["that is not put back", { assign: () => {} }],
    ["whose copies are the same", { copy: (state) => state }],
  ];

  test.each(wrong)("%s", (_what, change) => {
    expect(visited(machine)).toEqual(expected);
    expect(visited({ ...machine, ...change })).not.toEqual(expected);
  });
});
