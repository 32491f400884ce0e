import { describe, expect, test } from "vitest";
import { MENDED, mended3_1 } from "../../counterexamples/vmap/controls/repaired-kernels.ts";
import { replay } from "../../engine/run/stepper.ts";
import { namesOf } from "../../jobs/hunt-target.ts";
import { KERNELS } from "../../kernels/vmap/index.ts";
import { type PinPolicy, POLICIES, underPolicy } from "../../kernels/vmap/pinning.ts";
import type { State } from "../../kernels/vmap/state.ts";
import type { HistoryStep } from "../../spec/vmap/history.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import { lawsCalled } from "../../spec/vmap/laws/index.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import { randomRun } from "./random-run.ts";
import { scopeCalled } from "./random-scopes.ts";
import { settingFor } from "./test-bench.ts";

const SMALL = scopeCalled("small") as Scope;
const LAW = "pinned-is-unaliased";

/** What breaks the law at random under this policy: bugs of the kernel that the policy relies on, or `unknown`. */
function brokenBy(kernel: Kernel<State>, policy: PinPolicy): readonly string[] {
  const { known, unknown } = randomRun({
    kernel: underPolicy(kernel, policy),
    scope: SMALL,
    seed: 11,
    histories: 400,
    law: LAW,
    name: (step) => namesOf(kernel, step),
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
  const mended = MENDED.filter(({ release }) => release.freesLazily);
  test.each(pairs(mended))("by %s, on %s", (_id, _name, policy, kernel) => {
    expect(brokenBy(kernel, policy)).toEqual([]);
  });

  test.each(LAZY.map((kernel) => [kernel.name, kernel] as const))(
    "on %s where the host repairs, whatever vm_unmap_aliases overlooks there",
    (_name, kernel) => {
      const host = POLICIES.find(({ id }) => id === "host-repairs") as PinPolicy;
      expect(brokenBy(kernel, host)).toEqual([]);
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
    "is nothing by %s on %s",
    (_id, _name, policy, kernel) => expect(brokenBy(kernel, policy)).toEqual([]),
  );

  test.each(overlooking)("reaches a pinned frame by %s on %s, and is named", (_id, name, policy, kernel) => {
    const known =
      name === "3.16" ? ["vb-dirtymap-word-cross", "vb-full-block-stale"] : ["vb-full-block-stale"];
    expect(known).toEqual(expect.arrayContaining([...brokenBy(kernel, policy)]));
    if (policy.id === "always") expect(brokenBy(kernel, policy)).toContain("vb-full-block-stale");
  });
});

/** A map let go in a block that has room left: vmap_lazy_nr counts nothing of it. */
const GIVEN_BACK: readonly HistoryStep[] = [
  { op: "mapRam", cpu: 0, count: 1 },
  { op: "mapRam", cpu: 0, count: 1 },
  { op: "unmapRam", cpu: 0, area: 0 },
  { op: "pin" },
];

describe("the law", () => {
  /** The kernel under a policy that calls vm_unmap_aliases only if this holds. */
  const callingIf = (holds: (state: State) => boolean): Kernel<State> => ({
    ...mended3_1,
    act: (state, command) => {
      const calls = command.op !== "pin" || holds(state);
      return mended3_1.act(calls ? state : underNobody(state), command);
    },
  });
  /** The same state, asked by a user who thinks that nothing is outstanding. */
  const underNobody = (state: State): State =>
    Object.assign(state, { pinning: "bit-per-frame", notesFrames: false });
  const broken = (kernel: Kernel<State>) =>
    replay({ ...settingFor(kernel, SMALL), laws: lawsCalled([LAW]) }, GIVEN_BACK).flatMap((step) =>
      step.broken.map(({ id }) => id),
    );

  test("rejects a user who asks the counter of lazy pages alone", () => {
    expect(broken(callingIf((state) => state.lazyPages > 0))).toEqual([LAW]);
  });

  test("rejects a user who never asks, and accepts one who always does", () => {
    expect(broken(callingIf(() => false))).toEqual([LAW]);
    expect(broken(callingIf(() => true))).toEqual([]);
  });
});
