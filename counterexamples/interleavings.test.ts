/** What the catalogue says of bugs at the step grain, seen again. */

import { describe, expect, test } from "vitest";
import { interleavingIn } from "../adapters/interleaving-file.ts";
import { readJson } from "../adapters/json-file.ts";
import { lawsOf, visitActions } from "../engine/actions.ts";
import { BOUNDS, IS_WHOLE } from "../engine/bounds.testing.ts";
import { findLassos } from "../engine/live/liveness.ts";
import { explore } from "../engine/search/explore.ts";
import { stepMachineOf } from "../protocols/index.ts";
import { isConfirmed } from "../protocols/run-steps.ts";
import { CONCEPT_LAWS } from "../spec/vmap/concepts.ts";
import { LAWS } from "../spec/vmap/laws/index.ts";
import * as stepLaws from "../spec/vmap/step-laws.ts";
import { INTERLEAVED, wingOfInterleaved } from "./interleavings.ts";

/** Machines of a million states are visited in the whole suite. */
const isTested = ({ protocol }: { readonly protocol: string }) => IS_WHOLE || !protocol.startsWith("asids-");

const ALL = INTERLEAVED.flatMap((bug) =>
  bug.violations.map((violated) => ({ id: bug.id, bug, ...violated })),
);

const pinnedOf = async ({ id, pinned }: { id: string; pinned: string }) => {
  const path = new URL(`./${wingOfInterleaved({ id })}/${id}/${pinned}`, import.meta.url).pathname;
  return interleavingIn(path, await readJson(path));
};

const isLasting = (name: string, scope: Readonly<Record<string, number>>, law: string) =>
  stepMachineOf(name, scope).eventuallyEnds?.some(({ id }) => id === law) === true;

/** The length of a shortest run that violates the law; undefined if none does. For a run without end: whether a lasso was found. */
function shortest(name: string, scope: Readonly<Record<string, number>>, law: string) {
  const machine = stepMachineOf(name, scope);
  if (isLasting(name, scope, law)) {
    const { lasted, ended } = findLassos(machine, BOUNDS);
    const lasso = lasted.find(({ id }) => id === law)?.lasso;
    return { steps: lasso?.stem.length, ended };
  }
  const enough = (violated: readonly string[]) => violated.includes(law);
  const { violations, ended } = explore(visitActions(machine, { symmetry: true }), {
    bounds: BOUNDS,
    enough,
  });
  return { steps: violations.find((each) => each.law === law)?.run.length, ended };
}

describe.each(ALL.filter(isTested))("$id, $law", (entry) => {
  const { scope, law, protocol, also = [], repaired } = entry;

  test(`The pinned run of ${entry.bug.id}, ${law} is confirmed, and none is shorter`, async () => {
    const interleaving = await pinnedOf(entry);
    expect(interleaving).toMatchObject({ protocol, scope, law });
    expect(isConfirmed(stepMachineOf(protocol, scope), interleaving)).toBe(true);
    expect(shortest(protocol, scope, law).steps).toBe(interleaving.steps.length);
  });

  test(`The pinned run of ${entry.bug.id}, ${law} does not violate it before its last step`, async () => {
    const { steps, ...rest } = await pinnedOf(entry);
    const before = { ...rest, steps: steps.slice(0, -1) };
    expect(isConfirmed(stepMachineOf(protocol, scope), before)).toBe(false);
  });

  test(`The repaired order of ${entry.bug.id} keeps ${law} in every state of the scope`, () => {
    expect(shortest(repaired, scope, law)).toEqual({ steps: undefined, ended: "fixpoint" });
  });

  test.each(also.length === 0 ? [protocol] : also)(`%s violates ${law} too`, (other) => {
    expect(shortest(other, scope, law).steps).toBeGreaterThan(0);
  });
});

describe("the catalogue of interleavings", () => {
  test("The catalogue of interleavings names laws of the specification, runs that must end, or laws of a protocol", () => {
    const own = ALL.filter((each) => wingOfInterleaved(each) === "vmap")
      .filter(({ law }) => ![...LAWS, ...CONCEPT_LAWS].some(({ id }) => id === law))
      .filter(({ protocol, scope, law }) => !isLasting(protocol, scope, law))
      .map(({ law }) => law);
    const known = [...Object.values(stepLaws).map(({ id }) => id), "published-is-initialised"];
    expect(own.filter((law) => !known.includes(law))).toEqual([]);
    expect(known.filter((law) => !own.includes(law))).toEqual([]);
  });

  test("The catalogue of interleavings names laws that the protocols of gather state, or runs that must end", () => {
    for (const { protocol, scope, law } of ALL.filter((each) => wingOfInterleaved(each) === "gather")) {
      const stated = lawsOf(stepMachineOf(protocol, scope)).some(({ id }) => id === law);
      expect([protocol, law, stated || isLasting(protocol, scope, law)]).toEqual([protocol, law, true]);
    }
  });

  test("The catalogue of interleavings has a folder for each bug, and each bug once", () => {
    const ids = INTERLEAVED.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
