import { describe, expect, test } from "vitest";
import { REPAIRED, repaired3_1 } from "../../counterexamples/vmap/controls/repaired-kernels.ts";
import { replay } from "../../engine/run/stepper.ts";
import { namesOf } from "../../jobs/hunt-target.ts";
import { OPEN_VMAP } from "../../jobs/vmap/open-wing.ts";
import { KERNELS } from "../../kernels/vmap/index.ts";
import { type PinPolicy, POLICIES, underPolicy } from "../../kernels/vmap/pinning.ts";
import type { State } from "../../kernels/vmap/state.ts";
import type { HistoryStep } from "../../spec/vmap/history.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import { lawsCalled } from "../../spec/vmap/laws/index.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import { randomRun } from "../random-run.ts";
import { HISTORIES } from "./histories.ts";
import { scopeCalled } from "./random-scopes.ts";
import { benchFor } from "./test-bench.ts";

const SMALL = scopeCalled("small") as Scope;
const LAW = "pinned-is-unaliased";

/** The causes of violations in random histories under this policy: bugs of the kernel, or `unknown`. */
function violatedBy(kernel: Kernel<State>, policy: PinPolicy): readonly string[] {
  const { known, unknown } = randomRun(HISTORIES, {
    kernel: underPolicy(kernel, policy),
    scope: SMALL,
    seed: 11,
    histories: 400,
    law: LAW,
    name: (step) => namesOf(OPEN_VMAP, kernel, step),
  });
  return [
    ...new Set([...known.map((each) => each.known), ...(unknown === undefined ? [] : ["unknown"])]),
  ].sort();
}

const pairs = (kernels: readonly Kernel<State>[]) =>
  kernels.flatMap((kernel) => POLICIES.map((policy) => [policy.id, kernel.name, policy, kernel] as const));
const LAZY = KERNELS.filter(({ release }) => release.freesLazily);
const CALLING = POLICIES.filter(({ id }) => id !== "host-repairs");

describe("a pinned frame has no alias", () => {
  const repaired = REPAIRED.filter(({ release }) => release.freesLazily);
  test.each(pairs(repaired))("A pinned frame has no alias by %s, on %s", (_id, _name, policy, kernel) => {
    expect(violatedBy(kernel, policy)).toEqual([]);
  });

  test.each(LAZY.map((kernel) => [kernel.name, kernel] as const))(
    "A pinned frame has no alias on %s if the host repairs, whatever vm_unmap_aliases overlooks there",
    (_name, kernel) => {
      const host = POLICIES.find(({ id }) => id === "host-repairs") as PinPolicy;
      expect(violatedBy(kernel, host)).toEqual([]);
    },
  );
});

describe("what vm_unmap_aliases overlooks", () => {
  const rows = LAZY.flatMap((kernel) =>
    CALLING.map((policy) => [policy.id, kernel.name, policy, kernel] as const),
  );
  /** From 6.5 on it looks at every block (fc1e0d980037). */
  const looksAtAll = ({ release }: (typeof LAZY)[number]) => release.fragments === "usable kept";
  const overlooking = rows.filter(([, , , kernel]) => !looksAtAll(kernel));

  test.each(rows.filter(([, , , kernel]) => looksAtAll(kernel)))(
    "No alias that vm_unmap_aliases overlooks reaches a pinned frame by %s on %s",
    (_id, _name, policy, kernel) => expect(violatedBy(kernel, policy)).toEqual([]),
  );

  test.each(overlooking)(
    "An alias that vm_unmap_aliases overlooks reaches a pinned frame by %s on %s, and is attributed",
    (_id, name, policy, kernel) => {
      const known =
        name === "3.16" ? ["vb-dirtymap-word-cross", "vb-full-block-stale"] : ["vb-full-block-stale"];
      expect(known).toEqual(expect.arrayContaining([...violatedBy(kernel, policy)]));
      if (policy.id === "always") expect(violatedBy(kernel, policy)).toContain("vb-full-block-stale");
    },
  );
});

/** A map unmapped in a block that has room left: vmap_lazy_nr does not count it. */
const GIVEN_BACK: readonly HistoryStep[] = [
  { op: "mapRam", cpu: 0, count: 1 },
  { op: "mapRam", cpu: 0, count: 1 },
  { op: "unmapRam", cpu: 0, area: 0 },
  { op: "pin" },
];

describe("the law", () => {
  /** The kernel under a policy that calls vm_unmap_aliases only if this holds. */
  const callingIf = (holds: (state: State) => boolean): Kernel<State> => ({
    ...repaired3_1,
    act: (state, command) => {
      const calls = command.op !== "pin" || holds(state);
      return repaired3_1.act(calls ? state : underNobody(state), command);
    },
  });
  /** The same state, asked by a user who thinks that nothing is outstanding. */
  const underNobody = (state: State): State =>
    Object.assign(state, { pinning: "bit-per-frame", notesFrames: false });
  const violated = (kernel: Kernel<State>) =>
    replay({ ...benchFor(kernel, SMALL), laws: lawsCalled([LAW]) }, GIVEN_BACK).flatMap((step) =>
      step.violated.map(({ id }) => id),
    );

  test("pinned-is-unaliased rejects a user that asks only the counter of lazy pages", () => {
    expect(violated(callingIf((state) => state.lazyPages > 0))).toEqual([LAW]);
  });

  test("pinned-is-unaliased rejects a user that never calls vm_unmap_aliases, and accepts one that always does", () => {
    expect(violated(callingIf(() => false))).toEqual([LAW]);
    expect(violated(callingIf(() => true))).toEqual([]);
  });
});
