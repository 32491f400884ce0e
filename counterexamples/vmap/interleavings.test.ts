/** What the catalogue says of bugs at the step grain, seen again. */
import { describe, expect, test } from "vitest";
import { interleavingIn } from "../../adapters/interleaving-file.ts";
import { readJson } from "../../adapters/json-file.ts";
import { visitActions } from "../../engine/actions.ts";
import { BOUNDS } from "../../engine/bounds.testing.ts";
import { findLassos } from "../../engine/live/liveness.ts";
import { explore } from "../../engine/search/explore.ts";
import { isConfirmed } from "../../protocols/run-steps.ts";
import { stepMachineOf } from "../../protocols/vmap/index.ts";
import { LAWS } from "../../spec/vmap/laws/index.ts";
import { INTERLEAVED } from "./interleavings.ts";

const ALL = INTERLEAVED.flatMap((bug) => bug.breaks.map((broken) => ({ id: bug.id, bug, ...broken })));

const pinnedOf = async ({ id, pinned }: { id: string; pinned: string }) => {
  const path = new URL(`./${id}/${pinned}`, import.meta.url).pathname;
  return interleavingIn(path, await readJson(path, 1e6));
};

const isLasting = (name: string, scope: Readonly<Record<string, number>>, law: string) =>
  stepMachineOf(name, scope).eventuallyEnds?.some(({ id }) => id === law) === true;

/** How long a shortest run is that breaks the law; undefined if none does. Of what lasts, whether a lasso was found. */
function shortest(name: string, scope: Readonly<Record<string, number>>, law: string) {
  const machine = stepMachineOf(name, scope);
  if (isLasting(name, scope, law)) {
    const { lasted, ended } = findLassos(machine, BOUNDS);
    const lasso = lasted.find(({ id }) => id === law)?.lasso;
    return { steps: lasso?.stem.length, ended };
  }
  const enough = (broken: readonly string[]) => broken.includes(law);
  const { breaks, ended } = explore(visitActions(machine, { symmetry: true }), { bounds: BOUNDS, enough });
  return { steps: breaks.find((each) => each.law === law)?.run.length, ended };
}

describe.each(ALL)("$id, $law", (entry) => {
  const { scope, law, protocol, also = [], repaired } = entry;

  test("its pinned run is confirmed, and none is shorter", async () => {
    const interleaving = await pinnedOf(entry);
    expect(interleaving).toMatchObject({ protocol, scope, law });
    expect(isConfirmed(stepMachineOf(protocol, scope), interleaving)).toBe(true);
    expect(shortest(protocol, scope, law).steps).toBe(interleaving.steps.length);
  });

  test("a run that lacks one of its steps is not", async () => {
    const { steps, ...rest } = await pinnedOf(entry);
    const without = (nth: number) => steps.filter((_step, at) => at !== nth);
    const last = { ...rest, steps: without(steps.length - 1) };
    expect(isConfirmed(stepMachineOf(protocol, scope), last)).toBe(false);
  });

  test("the repaired order keeps it in every state there is", () => {
    expect(shortest(repaired, scope, law)).toEqual({ steps: undefined, ended: "fixpoint" });
  });

  test.each(also.length === 0 ? [protocol] : also)("%s has it too", (other) => {
    expect(shortest(other, scope, law).steps).toBeGreaterThan(0);
  });
});

describe("the catalogue of interleavings", () => {
  test("names laws of the specification, what has to end, or a protocol's own law", () => {
    const own = ALL.filter(({ law }) => !LAWS.some(({ id }) => id === law))
      .filter(({ protocol, scope, law }) => !isLasting(protocol, scope, law))
      .map(({ law }) => law);
    expect(own).toEqual(["published-is-initialised"]);
  });

  test("has a folder for each bug, and each bug once", () => {
    const ids = INTERLEAVED.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
