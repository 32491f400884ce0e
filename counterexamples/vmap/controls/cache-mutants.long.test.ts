/** Which mutants of the free-area cache are killed and which are equivalent, in every history of a small space. */
import { describe, expect, test } from "vitest";
import { readHistory } from "../../../adapters/vmap/history-file.ts";
import { BOUNDS } from "../../../engine/bounds.testing.ts";
import { explore } from "../../../engine/search/explore.ts";
import { pinnedFile } from "../../../jobs/pin/pinned.ts";
import { linux } from "../../../kernels/vmap/index.ts";
import type { State } from "../../../kernels/vmap/state.ts";
import { lockstep } from "../../../properties/diff/lockstep.ts";
import { ALIKE_TO_CALLERS, COMPARISON } from "../../../properties/vmap/comparison.ts";
import { explorableKernel } from "../../../properties/vmap/explorable-kernel.ts";
import { MIDDLE, type Space, spaceScope } from "../../../properties/vmap/small-scopes.ts";
import { compareAlike } from "../../../properties/vmap/state-equivalence.testing.ts";
import { AREA_CALLS } from "../../../spec/vmap/commands/command.ts";
import type { Kernel } from "../../../spec/vmap/kernel.ts";
import type { Scope } from "../../../spec/vmap/scope.ts";
import type { Bug } from "../bug.ts";
import { bugCalled } from "../index.ts";
import { CACHE_MUTANTS, type CacheMutant } from "./cache-mutants.ts";

/** Unreduced: a mutant may read what the kernel would not. */
const UNREDUCED = { reduced: false };

const killed = CACHE_MUTANTS.filter(({ expected }) => expected === "killed");
const equivalent = CACHE_MUTANTS.filter(({ expected }) => expected === "equivalent");

const SIX: Space = { pages: 6, sizes: 6, aligns: 4, windows: 4, at: MIDDLE };
const FIVE: Space = { ...SIX, pages: 5, sizes: 5 };
const SIX_LESS_ALIGNED: Space = { ...SIX, aligns: 2 };
const FIVE_LESS_ALIGNED: Space = { ...FIVE, aligns: 2 };
/** A page more, where `npm run shortest:all` asks for it. */
const LONG = process.env.VMAPCHECK_LONG === "1";
/** Two pages more, and more than two lazy pages purge. */
const EIGHT: Scope = {
  ...spaceScope({ pages: 8, sizes: 4, aligns: 3, windows: 3, at: MIDDLE }),
  lazyMaxPages: 2,
};

/** Where an equivalent mutant is compared. One that never forgets a hole has seven times as many states. */
const COMPARED = [
  { mutant: "cache-resets-at-equal-size", laws: [LONG ? SIX : FIVE], lockstep: LONG ? SIX : FIVE },
  {
    mutant: "cache-keeps-hole",
    laws: [LONG ? SIX_LESS_ALIGNED : FIVE_LESS_ALIGNED],
    lockstep: LONG ? FIVE : FIVE_LESS_ALIGNED,
  },
] as const;
const lockstepOf = (kernel: Kernel<State>, scope: Scope) =>
  lockstep(COMPARISON, linux("2.6.39"), kernel, { scope, calls: AREA_CALLS }, ALIKE_TO_CALLERS);
const mutantCalled = (name: string): Kernel<State> =>
  (CACHE_MUTANTS.find(({ kernel }) => kernel.name === name) as CacheMutant).kernel;

describe("a mutant of the cache that is killed", () => {
  test.each(killed)(
    "A killed mutant of the cache violates lowest-fit in as many commands as are pinned: $kernel.name",
    async ({ kernel }) => {
      const bug = bugCalled(kernel.name) as Bug;
      const { commands } = await readHistory(pinnedFile(bug, bug.violations[0] as Bug["violations"][number]));
      const { violations } = explore(explorableKernel(kernel, EIGHT, UNREDUCED), {
        bounds: BOUNDS,
        enough: (violated) => violated.includes("lowest-fit"),
      });
      expect(violations.find(({ law }) => law === "lowest-fit")?.run).toHaveLength(commands.length);
    },
  );

  test.each(killed)(
    "A killed mutant of the cache differs from 2.6.39 in some answer: $kernel.name",
    ({ kernel }) => {
      const { violations } = explore(lockstepOf(kernel, EIGHT), { bounds: BOUNDS });
      expect(violations.map(({ law }) => law)).toEqual([ALIKE_TO_CALLERS.laws[0]?.id]);
    },
  );
});

describe("a mutant of the cache that is equivalent", () => {
  test("The list has a mutant of the cache that is equivalent", () => {
    expect(COMPARED.map(({ mutant }) => mutant)).toEqual(equivalent.map(({ kernel }) => kernel.name));
  });

  test.each(COMPARED)(
    "An equivalent mutant of the cache keeps every law, whatever callers ask: $mutant",
    ({ mutant, laws }) => {
      for (const space of laws) {
        const machine = explorableKernel(mutantCalled(mutant), spaceScope(space), UNREDUCED);
        const { violations, ended } = explore(machine, { bounds: BOUNDS });
        expect({ violations, ended }).toEqual({ violations: [], ended: "fixpoint" });
      }
    },
  );

  test.each(COMPARED)(
    "An equivalent mutant of the cache places every request where 2.6.39 does: $mutant",
    ({ mutant, lockstep: space }) => {
      const machine = lockstepOf(mutantCalled(mutant), spaceScope(space));
      const { violations, ended } = explore(machine, { bounds: BOUNDS });
      expect({ violations, ended }).toEqual({ violations: [], ended: "fixpoint" });
    },
  );
});

/** Spaces small enough for states to look alike. */
const SPACES: readonly Space[] = [
  { pages: 5, sizes: 5, aligns: 3, windows: 4, at: MIDDLE },
  { pages: 7, sizes: 2, aligns: 2, windows: 1, at: MIDDLE },
];

describe("states of a mutant", () => {
  const differ = (kernel: Kernel<State>, space: Space, reduced: boolean): string | undefined =>
    compareAlike(kernel, spaceScope(space), { reduced }, 400).difference;

  test.each(CACHE_MUTANTS)(
    "States of a mutant with equal unreduced fingerprints answer alike: $kernel.name",
    ({ kernel }) => {
      for (const space of SPACES) expect(differ(kernel, space, false)).toBeUndefined();
    },
  );

  test("States with equal reduced fingerprints may differ in their answers, if the mutant keeps the hole's size", () => {
    const keepsHole = mutantCalled("cache-keeps-hole");
    expect(SPACES.some((space) => differ(keepsHole, space, true) !== undefined)).toBe(true);
  });

  test("States of 2.6.39 with equal reduced fingerprints answer alike", () => {
    for (const space of SPACES) expect(differ(linux("2.6.39"), space, true)).toBeUndefined();
  });
});
