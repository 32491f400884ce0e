import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { REPAIRED } from "../../counterexamples/vmap/controls/repaired-kernels.ts";
import { IS_WHOLE, quickly } from "../../engine/bounds.testing.ts";
import { namesOf } from "../../jobs/hunt-target.ts";
import { OPEN_VMAP } from "../../jobs/vmap/open-wing.ts";
import { MARKS } from "../../kernels/vmap/coverage-marks.ts";
import { TESTED_KERNELS } from "../../kernels/vmap/families.testing.ts";
import { KERNELS, linux } from "../../kernels/vmap/index.ts";
import { rulesOf } from "../../kernels/vmap/releases.ts";
import { kernelWith } from "../../kernels/vmap/rules.ts";
import { releaseOf } from "../../spec/vmap/releases.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import { randomRun } from "../random-run.ts";
import { runChoices } from "../run-choices.ts";
import { choices } from "./choices.ts";
import { HISTORIES } from "./histories.ts";
import { SCOPES, scopeCalled } from "./random-scopes.ts";
import { benchFor, type JudgedStep } from "./test-bench.ts";

const RUNS = { numRuns: quickly(150) };
const inEveryScope = fc
  .constantFrom(...SCOPES)
  .chain((scope) => fc.tuple(fc.constant(scope), choices(scope, { longest: 40 })));

describe("a repaired release", () => {
  for (const kernel of REPAIRED) {
    test.prop([inEveryScope], RUNS)(
      `A repaired release keeps every law in every scope: ${kernel.name}`,
      ([scope, drawn]) => {
        const { failed } = runChoices(benchFor(kernel, scope), drawn, { violated: () => "fail" });
        expect(failed?.violated.map(({ id }) => id)).toBeUndefined();
      },
    );
  }
});

describe("2.6.39 with its cache", () => {
  const uncached = kernelWith(
    releaseOf("2.6.39"),
    { ...rulesOf("2.6.39"), reasonsToReset: () => MARKS.cacheResetEmpty },
    "2.6.39 that never uses its cache",
  );
  const desk = scopeCalled("desk") as Scope;

  test.prop([choices(desk, { longest: 60 })], RUNS)(
    "2.6.39 answers with its cache as the search without it does",
    (drawn) => {
      const setting = benchFor(linux("2.6.39"), desk);
      const other = uncached.initial(desk);
      runChoices(setting, drawn, {
        violated: () => "fail",
        played: ({ command, response }) => {
          if (command !== undefined) expect(uncached.act(other, command)).toEqual(response);
        },
      });
    },
  );

  test("3.1 does not answer as the search without its cache: it misses exact holes", () => {
    const kernel = KERNELS.find(({ name }) => name === "3.1") as (typeof KERNELS)[number];
    const { known } = randomRun(HISTORIES, {
      kernel,
      scope: desk,
      seed: 1,
      histories: 300,
      law: undefined,
      name: (step) => namesOf(OPEN_VMAP, kernel, step),
    });
    expect(known.map(({ law, known }) => `${law} ${known}`)).toContain("lowest-fit cache-exact-hole-missed");
  });
});

describe("a random run", () => {
  const desk = scopeCalled("desk") as Scope;
  const run = { scope: desk, seed: 5, histories: 200, law: undefined };

  test("A random run is the same for the same seed", () => {
    const once = () =>
      randomRun(HISTORIES, {
        ...run,
        kernel: linux("2.6.28.10"),
        name: (step) => namesOf(OPEN_VMAP, linux("2.6.28.10"), step),
      });
    expect(once()).toEqual(once());
  });

  test("A random run reports an unknown violation, shrunk, and stops", () => {
    const changed = kernelWith(releaseOf("2.6.39"), { ...rulesOf("2.6.39"), beforeNext: 0 }, "no such bug");
    const { unknown, histories } = randomRun(HISTORIES, {
      ...run,
      seed: 6,
      kernel: changed,
      name: (step) => namesOf(OPEN_VMAP, changed, step),
    });
    expect(unknown?.law).toBe("guard-gap");
    expect(unknown?.history).toHaveLength(2);
    expect(histories).toBeLessThan(200);
  });

  test("A random run judges by one law on request", () => {
    const changed = kernelWith(releaseOf("2.6.39"), { ...rulesOf("2.6.39"), beforeNext: 0 }, "no such bug");
    const name = (step: JudgedStep) => namesOf(OPEN_VMAP, changed, step);
    expect(randomRun(HISTORIES, { ...run, kernel: changed, law: "aligned", name }).unknown).toBeUndefined();
  });

  test("A random run draws histories up to its length, not of fast-check's usual ten", () => {
    const { commands, histories } = randomRun(HISTORIES, {
      ...run,
      kernel: linux("2.6.39"),
      name: (step) => namesOf(OPEN_VMAP, linux("2.6.39"), step),
    });
    expect(commands / histories).toBeGreaterThan(15);
  });

  for (const kernel of TESTED_KERNELS) {
    test(`A random run finds nothing unknown on ${kernel.name}, and reaches every witness`, () => {
      const missing = new Set(kernel.paths);
      // Two rounds at most, of as many histories in all as in the whole suite; the second only for paths not seen yet.
      for (const [seed, histories] of IS_WHOLE
        ? [[5, 400] as const]
        : ([
            [5, 100],
            [6, 300],
          ] as const)) {
        if (missing.size === 0) break;
        for (const scope of SCOPES) {
          const name = (step: JudgedStep) => namesOf(OPEN_VMAP, kernel, step);
          const report = randomRun(HISTORIES, { ...run, seed, histories, scope, kernel, name });
          expect(report.unknown).toBeUndefined();
          for (const id of report.seen.keys()) missing.delete(id);
        }
      }
      expect([...missing]).toEqual([]);
    });
  }
});
