/** A hunt counts histories, and not time: what it answers depends on its seed and its limit alone. */

import { describe, expect, test } from "vitest";
import type { Bug } from "../../counterexamples/vmap/bug.ts";
import { CANARIES, type Canary } from "../../counterexamples/vmap/controls/canaries.ts";
import { bugCalled } from "../../counterexamples/vmap/index.ts";
import { bugTarget, kernelTarget } from "../../jobs/hunt-target.ts";
import { OPEN_VMAP } from "../../jobs/vmap/open-wing.ts";
import { linux } from "../../kernels/vmap/index.ts";
import { judgedAlsoBy } from "../../spec/vmap/kernel.ts";
import type { VmapTerms } from "../../spec/vmap/terms.ts";
import { type HuntLimit, hunt, hunting, type Target } from "../hunt.ts";
import { HISTORIES } from "./histories.ts";

const A9: Target<VmapTerms> = bugTarget(OPEN_VMAP, bugCalled("A9") as Bug, "lowest-fit");
/** What 2.6.39 never does. */
const NEVER: Target<VmapTerms> = { ...A9, kernel: judgedAlsoBy(linux("2.6.39"), "lowest-fit") };
const SEED = 11;
const LIMIT: HuntLimit = { runs: 10_000, tries: 2000 };

const answer = (limit: HuntLimit, target = A9) => {
  const { found, runs, tries } = hunt(HISTORIES, target, SEED, limit);
  return { scope: found?.scope.name, history: found?.history, runs, tries };
};

describe("a hunt", () => {
  test("A hunt has one answer for one seed", () => {
    const { history, ...rest } = answer(LIMIT);
    expect(answer(LIMIT)).toEqual({ history, ...rest });
    expect(history?.length).toBeLessThanOrEqual(6);
  });

  test("A hunt draws no more histories than its limit says, before something is found", () => {
    expect(answer({ ...LIMIT, runs: 100 }, NEVER)).toMatchObject({ history: undefined, runs: 100, tries: 0 });
  });

  test("A hunt uses up its tries for a shorter history, and no more", () => {
    expect(answer(LIMIT).tries).toBe(2000);
    expect(answer({ ...LIMIT, tries: 0 }).tries).toBe(0);
  });

  test("A hunt stops drawing once its history is short enough", () => {
    const first = answer({ ...LIMIT, tries: 0 }).history?.length as number;
    expect(answer({ ...LIMIT, enough: first }).tries).toBe(0);
    expect(answer({ ...LIMIT, enough: first - 1 }).tries).toBeGreaterThan(0);
  });

  test.each([true, "time"] as const)("A hunt ends with its best history when it is sent %s", (stop) => {
    const early = hunting(HISTORIES, NEVER, SEED, LIMIT);
    early.next(false);
    expect(early.next(stop)).toMatchObject({ done: true, value: { found: undefined, runs: 40 } });
    const later = hunting(HISTORIES, A9, SEED, LIMIT);
    const { runs } = answer(LIMIT);
    let turn = later.next(false);
    while (!turn.done && turn.value <= runs) turn = later.next(false);
    const ended = later.next(stop);
    expect(ended.done).toBe(true);
    expect(ended.value).toMatchObject({ runs, found: expect.anything() });
  });
});

describe("a hunt on a kernel", () => {
  const limit: HuntLimit = { runs: 400, tries: 0 };

  test.each(["aligned", "no-overlap"])("A hunt for any law finds %s violated by its canary", (law) => {
    const { kernel } = CANARIES.find((each) => each.law === law) as Canary;
    const { found } = hunt(HISTORIES, kernelTarget(OPEN_VMAP, kernel, undefined), SEED, limit);
    expect(found?.law).toBe(law);
    expect(found?.history.length).toBeLessThanOrEqual(4);
  });

  test("A hunt for any law passes over what the catalogue knows, and one for a law does not", () => {
    const kernel = linux("2.6.39");
    expect(hunt(HISTORIES, kernelTarget(OPEN_VMAP, kernel, undefined), SEED, limit).found).toBeUndefined();
    const { found } = hunt(HISTORIES, kernelTarget(OPEN_VMAP, kernel, "no-bug"), SEED, limit);
    expect(found?.law).toBe("no-bug");
  });
});
