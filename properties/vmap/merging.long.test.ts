/**
 * States that the explorer merges for callers that do areas alone answer alike for ever: merged ones are compared with
 * all others in a small space, those with one unmerged fingerprint on concrete states.
 */
import { describe, expect, test } from "vitest";
import { BUGS } from "../../counterexamples/vmap/index.ts";
import { identityOf } from "../../kernels/vmap/fingerprint.ts";
import { KERNELS, linux } from "../../kernels/vmap/index.ts";
import { pigginDraft3, rulesDraft3 } from "../../kernels/vmap/piggin-drafts.ts";
import { rulesOf } from "../../kernels/vmap/releases.ts";
import { stepsFrom } from "../../kernels/vmap/rules.ts";
import type { State } from "../../kernels/vmap/state.ts";
import { vmapKernel } from "../../kernels/vmap/vmap-kernel.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import { MIDDLE, type Space, spaceScope } from "./small-scopes.ts";
import { compareAlike, compareMerged } from "./state-equivalence.testing.ts";
import { fingerprintOfAreas } from "./state-fingerprint.ts";

const WHOLE: Space = { pages: 6, sizes: 2, aligns: 1, windows: 2, at: MIDDLE };
/** Windows that begin between areas, and alignments that lift a request past them. */
const ALIGNED: Space = { pages: 7, sizes: 2, aligns: 2, windows: 4, at: MIDDLE };
const CHANGED = BUGS.flatMap(({ changed }) => (changed === undefined ? [] : [changed]));

const WIDE = spaceScope({ pages: 10, sizes: 2, aligns: 2, windows: 4, at: MIDDLE });
/** Concrete states a kernel; ten times as many were compared once, with the same verdict. */
const MOST = 150;
const areasAlone = { pin: false, areasAlone: true };

test.each([...KERNELS, ...CHANGED])(
  "All states of $name in six pages that are merged answer alike",
  (kernel) => {
    const scope = spaceScope(WHOLE);
    const { difference, states, forms } = compareMerged(kernel, scope);
    expect(difference).toBeUndefined();
    // Lazy areas shape the tree of free space: no states of these kernels are merged.
    const merges = kernel.name !== "2.6.27" && kernel.identity(scope, areasAlone).reductions.length > 0;
    if (merges) expect(forms).toBeLessThan(states);
    else expect(forms).toBe(states);
  },
);

test.each([...KERNELS, ...CHANGED])(
  "States of $name with equal unmerged fingerprints answer alike",
  (kernel) => {
    expect(compareAlike(kernel, WIDE, { reduced: false }, MOST).difference).toBeUndefined();
  },
);

test.each([linux("2.6.28"), linux("2.6.39")])(
  "All states of $name in seven pages and four windows that are merged answer alike",
  (kernel) => {
    expect(compareMerged(kernel, spaceScope(ALIGNED)).difference).toBeUndefined();
  },
);

describe("the comparison notices a fingerprint that", () => {
  const scope = spaceScope({ ...WHOLE, aligns: 2 });

  const noticed = (kernel: Kernel<State>, merged: Parameters<typeof compareMerged>[2], where = scope) =>
    compareMerged(kernel, where, merged).difference !== undefined;

  /** That of 2.6.39, of a state as it would be if this were otherwise. */
  function spoilt(as: (state: State) => State) {
    const { words, write } = fingerprintOfAreas(linux("2.6.39"), scope);
    return {
      words,
      write: ({ state }: { readonly state: State }, into: Int32Array, at: number) =>
        write({ state: as(state) }, into, at),
    };
  }

  test.each<[string, (state: State) => State]>([
    [
      "the cached area",
      (state) => ({ ...state, freeVmapCache: state.freeVmapCache < 0 ? -1 : state.areas.listHead }),
    ],
    ["the hole's size", (state) => ({ ...state, cachedHoleSize: 0 })],
    ["where the cached window began", (state) => ({ ...state, cachedVstart: 0 })],
    ["the cached alignment", (state) => ({ ...state, cachedAlign: 0 })],
  ])("leaves out %s", (_what, as) => {
    expect(noticed(linux("2.6.39"), spoilt(as))).toBe(true);
  });

  /** That of 2.6.39 as another kernel or scope would have it. */
  const identifiedBy = (kernel: Kernel<State>, where: Scope) => fingerprintOfAreas(kernel, where);

  test("The comparison notices a fingerprint that leaves out whether an area is lazy", () => {
    const blind: Kernel<State> = {
      ...linux("2.6.39"),
      identity: (where, callers) => {
        const steps = { ...stepsFrom(rulesOf("2.6.39")), isLazy: () => false };
        const { add, reductions } = identityOf(where, linux("2.6.39").release.guard, steps, callers);
        const flags = (state: State) => state.areas.flags.map(() => 0);
        return {
          reductions,
          add: (state, to) => add({ ...state, areas: { ...state.areas, flags: flags(state) } }, to),
        };
      },
    };
    expect(noticed(linux("2.6.39"), identifiedBy(blind, scope))).toBe(true);
  });

  test("The comparison notices a fingerprint that joins lazy areas where a window begins", () => {
    const many = spaceScope(ALIGNED);
    const one = { ...many, windows: many.windows.slice(0, 1) };
    expect(noticed(linux("2.6.39"), identifiedBy(linux("2.6.39"), one), many)).toBe(true);
  });

  test("The comparison notices a fingerprint that takes every hole for one larger than any request", () => {
    expect(noticed(linux("2.6.39"), identifiedBy(linux("2.6.39"), { ...scope, sizes: [1] }))).toBe(true);
  });

  test("The comparison notices a fingerprint that leaves out the tree where a kernel reads it", () => {
    const blind = vmapKernel(
      pigginDraft3.release,
      { ...stepsFrom(rulesDraft3), readsTree: false },
      "a draft that does not say so",
    );
    expect(noticed(pigginDraft3, identifiedBy(blind, scope))).toBe(true);
  });
});
